// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "schemas/configuration.hpp"
#include "schemas/failure.hpp"

namespace sluice::schemas {

/// A source URL taken apart once, by the one URL parser there is (SECURITY F1, F3, F4). The same function judges the
/// location of a request, and every redirect.
struct location {
  std::string scheme;  ///< lower case
  std::string host;    ///< lower case, without brackets; a name or a canonical IP literal
  std::uint16_t port = 0;
  bool host_is_ipv6 = false;
  std::string target;  ///< path and query as sent on the wire, at least "/"

  /// scheme://host[:port]/path without query and fragment: what may be shown.
  [[nodiscard]] std::string display() const;
  /// scheme, host and port.
  [[nodiscard]] std::string origin() const;
  /// The Host header's value (RFC 9110 section 7.2).
  [[nodiscard]] std::string host_header() const;
  [[nodiscard]] bool secure() const noexcept { return scheme == "https"; }
};

/// Refused: schemes and ports not configured, odd numeric hosts (decimal, hex, octal, short), backslash, control
/// characters, IDN look-alike dots, empty host, port 0, over 2048 characters. userinfo is refused (F3).
[[nodiscard]] result<location> parse_location(std::string_view url, const sources_configuration& sources);

/// The target of a redirect, relative references resolved against `from`; https never to http (F5).
[[nodiscard]] result<location> resolve_redirect(const location& from, std::string_view reference,
                                                const sources_configuration& sources);

}  // namespace sluice::schemas
