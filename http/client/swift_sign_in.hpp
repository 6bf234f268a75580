// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "actors/ports.hpp"
#include "http/client/connector.hpp"
#include "http/client/fetch_limits.hpp"
#include "http/client/live_connection.hpp"
#include "schemas/configuration.hpp"
#include "schemas/swift_location.hpp"

namespace sluice::http {

/// What is read in the end, and the token that goes with it to its own origin alone.
struct fetch_target {
  schemas::location object;
  std::string token;  ///< empty for none
};

/// Signs in where a Swift location with user and key says, and gives the object's URL and a token. The place is as
/// untrusted as any source: the same addresses are refused, the same bounds hold, no redirect is followed, since it
/// would carry the key elsewhere. What it answers is judged as a location is, and never shown.
///
/// Errors: those of `connector::connect` and `ask`; `source_status` when the sign-in is refused; `source_protocol`.
/// No message holds user, key or token.
[[nodiscard]] boost::asio::awaitable<actors::source_result<fetch_target>> sign_in(
    std::shared_ptr<connector> network, std::shared_ptr<live_connection> live, schemas::swift_location to,
    schemas::sources_configuration sources, fetch_limits limits);

/// The bytes of a sign-in's request.
[[nodiscard]] std::string sign_in_text(const schemas::swift_location& to, const std::string& domain);

}  // namespace sluice::http
