// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <tl/expected.hpp>

#include "http/server/connection.hpp"
#include "http/server/event_loop.hpp"
#include "http/server/head_check.hpp"
#include "http/server/limits.hpp"
#include "http/server/message.hpp"
#include "http/server/read_pool.hpp"

namespace sluice::http {

/// What all sessions of one server share.
struct session_context {
  const server_limits& limits;
  request_handler& handler;
  read_pool& pool;
};

/// One connection: reads requests one after the other (pipelined ones wait in the buffer), has them answered, and
/// writes the answers. It alone decides when a connection ends; every step has a deadline. Lives on one loop.
class session {
 public:
  session(std::unique_ptr<connection> peer, event_loop& loop, loop_seat seat, const session_context& context);
  session(const session&) = delete;
  session& operator=(const session&) = delete;
  ~session();

  /// The whole life of the connection.
  [[nodiscard]] boost::asio::awaitable<void> run();
  /// The service stops: closes now when idle, else after the answer in hand.
  void begin_stop();
  void abort() { peer_->abort(); }

 private:
  class chunk_sink;
  class incoming_body;
  enum class state : std::uint8_t { idle, reading, handling, writing };
  /// A request being read, and what its answer's framing depends on.
  struct incoming {
    incoming();
    ~incoming();
    request asked;
    std::unique_ptr<incoming_body> body;  ///< one that is read by the handler
    bool version_1_1 = true;
    bool keep_alive = false;
  };
  static constexpr std::size_t read_step = 8 << 10;  ///< bytes asked of the socket at once

  /// One request and its answer; false when the connection ends.
  boost::asio::awaitable<bool> exchange();
  /// The length of the next head in the buffer; nothing when the connection ended without a request.
  boost::asio::awaitable<tl::expected<std::optional<std::size_t>, refusal>> read_head();
  boost::asio::awaitable<std::optional<refusal>> read_message(std::size_t head_size, incoming& into);
  /// The rest of read_message for a body that the handler reads: the head alone is taken from the buffer.
  std::optional<refusal> leave_body(const request_head& head, std::size_t head_size, incoming& into);
  boost::asio::awaitable<response> answer(const request& asked);
  boost::asio::awaitable<bool> write(response& given, const incoming& message, actors::in_hand_guard& in_hand);
  boost::asio::awaitable<bool> stream(response& given, const incoming& message, bool keep_alive);
  boost::asio::awaitable<void> refuse(const refusal& why, const std::string& request_id);
  boost::asio::awaitable<void> close();
  [[nodiscard]] static bool unread(const incoming& message) noexcept;
  void on_deadline();
  [[nodiscard]] std::string_view buffered() const noexcept;

  std::unique_ptr<connection> peer_;
  event_loop& loop_;
  loop_seat seat_;
  trip_watch trips_;
  const session_context& context_;
  deadline limit_;
  boost::beast::flat_buffer buffer_;
  std::string out_;  ///< head (and small body) of the answer; kept for its capacity
  std::string local_authority_;
  state state_ = state::idle;
  bool first_request_ = true;
  bool receiving_ = false;    ///< the handler waits for bytes of the body
  bool left_unread_ = false;  ///< an upload that was not read to its end: much of it may be under way
  bool peer_ended_ = false;
};

}  // namespace sluice::http
