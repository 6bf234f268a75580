// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "actors/bandwidth/serving_signals.hpp"
#include "http/server/limits.hpp"
#include "http/server/message.hpp"
#include "schemas/failure.hpp"

namespace sluice::http {

struct server_options {
  std::string name = "serve";          ///< of its threads
  std::string listen = "127.0.0.1:0";  ///< ADDRESS:PORT, [v6]:PORT; port 0 picks a free one
  std::size_t loops = 1;               ///< threads that serve
  std::string tls_certificate;         ///< PEM files; empty = plain
  std::string tls_key;
  std::string congestion_control;  ///< of the listening socket, inherited by its connections; "" = the system's
  server_limits limits;
};

/// Listens, and serves each connection on the loop that has the fewest busy ones when it arrives (loop_seat).
/// Connections are handed out by one acceptor rather than by SO_REUSEPORT: eight readers of large images land evenly on
/// two cores every time, and a second service started by mistake on the same port is refused instead of silently taking
/// half of the connections.
class server {
 public:
  /// `handler` and `signals` must outlive the server.
  server(server_options options, request_handler& handler, actors::serving_signals& signals);
  ~server();
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  /// Fails, with what to do, when the address cannot be listened on or the TLS files cannot be used.
  [[nodiscard]] schemas::result<void> start();
  /// `http://ADDRESS:PORT` with the port really in use; https with TLS. Empty before `start`.
  [[nodiscard]] const std::string& endpoint() const noexcept { return endpoint_; }
  /// Stops accepting, closes idle connections, ends event streams, lets answers in hand finish for at most `grace`,
  /// cuts the rest. Returns when no session is left; a handler waiting for an actor is waited for until that ask's own
  /// deadline. A second call does nothing.
  void stop(std::chrono::milliseconds grace);

 private:
  class implementation;
  std::unique_ptr<implementation> implementation_;
  std::string endpoint_;
};

}  // namespace sluice::http
