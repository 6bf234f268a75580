// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tests/hostile/source/certificates.hpp"

/// A server that says exactly the bytes a test gives it, in the order and with the manners of the script: the sources
/// that an import must survive. It knows nothing of HTTP, so it shares no mistake with what it tests.
namespace sluice::hostile {

/// Reads up to the end of a header block and keeps it for `requests`.
struct await_request {};
struct say {
  std::string bytes;
};
/// One byte after each pause.
struct dribble {
  std::string bytes;
  std::chrono::milliseconds pause{10};
};
/// The same bytes again and again until the peer closes.
struct flood {
  std::string bytes;
};
/// Says nothing more until the peer closes.
struct hang {};
/// Breaks the connection with RST.
struct reset {};

using act = std::variant<await_request, say, dribble, flood, hang, reset>;
/// What one connection sees; at its end the server closes in good order.
using script = std::vector<act>;

/// `{await_request, say{bytes}}`: the usual script.
[[nodiscard]] script answer_with(std::string bytes);

struct hostile_options {
  std::string address = "127.0.0.1";
  std::optional<certificate> tls;
  int newest_tls = 0;  ///< OpenSSL's number of the newest version it speaks; 0 = the newest there is
};

/// Listens on a free port, in a thread of its own, until it is destroyed.
class hostile_source {
 public:
  explicit hostile_source(hostile_options options = {});
  ~hostile_source();
  hostile_source(const hostile_source&) = delete;
  hostile_source& operator=(const hostile_source&) = delete;

  /// The n-th connection from now on plays the n-th script; the last one is played to all that follow.
  void play(std::vector<script> scripts);

  [[nodiscard]] std::uint16_t port() const noexcept;
  /// scheme://address:port + path
  [[nodiscard]] std::string url(const std::string& path = "/image") const;
  /// The header blocks received so far, in the order of their arrival.
  [[nodiscard]] std::vector<std::string> requests() const;
  /// Accepted so far, whatever came of them.
  [[nodiscard]] std::size_t connections() const;
  /// Waits until the peers have closed `count` connections; false when that does not happen in time.
  [[nodiscard]] bool wait_for_closed(std::size_t count) const;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace sluice::hostile
