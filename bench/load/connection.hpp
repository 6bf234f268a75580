// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "bench/load/options.hpp"

namespace sluice::bench {

/// Where the server is, resolved once.
struct server_address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  int family = 0;
};

/// Blocks while it resolves; leaves the program with status 2 when there is no such host.
[[nodiscard]] server_address resolve(const load_options& options);

/// One HTTP/1.1 connection that is kept alive, without ever blocking: a request goes out, the head comes in and is
/// parsed, the body is counted and thrown away. No pipelining. The owner waits for the descriptor (`wants_write` says
/// for what besides reading) and calls `advance`.
class connection {
 public:
  enum class outcome { waiting, finished, failed };

  explicit connection(const server_address& server, bool copy) : server_{server}, copy_{copy} {}
  ~connection() { close(); }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// Connects when it has to, and begins to send. `request` is the whole of it: line, headers, body.
  /// True when the descriptor is a new one, which the owner has to watch.
  bool begin(std::string request);
  /// Goes on as far as it can, reading at most `budget` bytes of the body.
  [[nodiscard]] outcome advance(std::uint64_t budget = ~std::uint64_t{0});
  void close() noexcept;

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  [[nodiscard]] bool wants_write() const noexcept { return state_ == state::connecting || state_ == state::sending; }
  /// The connection failed before a single byte of the answer, and had served before: the server may just have closed
  /// an idle connection, so the request may be sent once more.
  [[nodiscard]] bool worth_repeating() const noexcept { return reused_ && head_size_ == 0; }
  [[nodiscard]] bool has_head() const noexcept { return state_ == state::body || (state_ == state::ready && status_); }
  [[nodiscard]] int status() const noexcept { return status_; }
  [[nodiscard]] const std::string& error() const noexcept { return error_; }
  /// Bytes of bodies since the last call.
  [[nodiscard]] std::uint64_t take_received() noexcept;

 private:
  enum class state { closed, connecting, sending, head, body, ready };

  bool open();
  outcome fail(std::string why);
  outcome fail_errno(std::string_view where);
  outcome send_rest();
  outcome read_head();
  bool parse_head(std::string_view head);
  outcome read_body(std::uint64_t budget);
  outcome finish();

  const server_address& server_;
  const bool copy_;
  int descriptor_ = -1;
  state state_ = state::closed;
  bool reused_ = false, close_after_ = false;
  std::string request_, error_;
  std::size_t sent_ = 0;
  std::array<char, 16384> head_{};
  std::size_t head_size_ = 0;
  int status_ = 0;
  std::uint64_t body_left_ = 0, received_ = 0;
};

}  // namespace sluice::bench
