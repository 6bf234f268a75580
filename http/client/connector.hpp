// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>

#include "actors/ports.hpp"
#include "http/client/address_policy.hpp"
#include "http/client/fetch_limits.hpp"
#include "http/client/live_connection.hpp"
#include "http/client/name_resolver.hpp"
#include "schemas/location.hpp"

namespace sluice::http {

/// The one way to a source. Resolves the host, judges every address it has, and connects to a judged one: the name is
/// not resolved again, so what was checked is what is spoken to. Shared by all fetches of a factory.
class connector {
 public:
  using connected = actors::source_result<std::shared_ptr<source_connection>>;

  connector(address_policy policy, std::shared_ptr<boost::asio::ssl::context> tls, const fetch_limits& limits,
            std::size_t resolver_threads);

  /// Connects, tries the next address when one does not answer, and for https shakes hands and verifies the host. The
  /// connection is in `live` from its first moment on.
  ///
  /// A refused address, an unknown name, a closed port and a time-out read alike, `source_unreachable`, so that nobody
  /// can explore a network with imports; the log tells the operator which it was. `source_tls` when the certificate
  /// does not hold.
  [[nodiscard]] boost::asio::awaitable<connected> connect(schemas::location to, std::shared_ptr<live_connection> live);

 private:
  using addresses = std::vector<boost::asio::ip::address>;
  using time_point = std::chrono::steady_clock::time_point;

  [[nodiscard]] boost::asio::awaitable<actors::source_result<addresses>> find(const schemas::location& to);
  [[nodiscard]] boost::asio::awaitable<connected> shake_hands(const schemas::location& to,
                                                              std::shared_ptr<source_connection> fresh);

  address_policy policy_;
  std::shared_ptr<boost::asio::ssl::context> tls_;
  fetch_limits limits_;
  name_resolver resolver_;
};

}  // namespace sluice::http
