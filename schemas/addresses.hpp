// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "schemas/failure.hpp"

/// Addresses as a configuration writes them. Literal addresses only: what a service listens on must not depend on what
/// a resolver says.
namespace sluice::schemas {

/// Where to listen.
struct listen_address {
  std::string address;     ///< canonical IPv4 or IPv6 literal, without brackets
  std::uint16_t port = 0;  ///< 0 = any free one
  bool is_loopback = false;

  friend bool operator==(const listen_address&, const listen_address&) = default;
};

/// "127.0.0.1:9292", "[::1]:9292", "0.0.0.0:0". Anything else is refused, names too.
[[nodiscard]] result<listen_address> parse_listen_address(std::string_view text);

/// "10.0.0.0/8", "fd00::/8" (RFC 4632, RFC 4291 section 2.3): a literal, a prefix length that fits, and no bit set
/// beyond it.
[[nodiscard]] result<void> check_network(std::string_view text);

}  // namespace sluice::schemas
