// SPDX-License-Identifier: Apache-2.0
#include "http/server/session.hpp"

#include <array>
#include <charconv>
#include <exception>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>
#include <boost/asio/buffer.hpp>

#include "http/server/file_answer.hpp"
#include "http/server/request_id.hpp"
#include "http/server/session_body.hpp"
#include "schemas/json.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t joined_body_bytes = 16
                                          << 10;  ///< smaller bodies are copied behind their head: one buffer, one send

response to_response(const refusal& why) {
  using schemas::error_code;
  const auto problem = [&](error_code code) {
    return response{why.status, "application/problem+json",
                    schemas::problem_json(schemas::failure{code, std::string{why.detail}})};
  };
  switch (why.status) {
    case 400: return problem(error_code::invalid_request);
    case 408: return problem(error_code::request_timeout);
    case 413: return problem(error_code::payload_too_large);
    case 431: return problem(error_code::headers_too_large);
    default: return protocol_problem(why.status, why.detail);
  }
}

}  // namespace

/// Chunked transfer coding (RFC 9112 section 7.1), or the bytes alone for HTTP/1.0.
class session::chunk_sink final : public event_sink {
 public:
  chunk_sink(session& owner, bool chunked) : owner_{owner}, chunked_{chunked} {}

  asio::awaitable<bool> send(std::string text) override {
    if (failed_ || owner_.loop_.stopping())
      co_return false;
    std::string framed;
    if (chunked_) {
      std::array<char, 16> digits;
      framed.assign(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), text.size(), 16).ptr);
      framed.append("\r\n").append(text).append("\r\n");
    } else {
      framed = std::move(text);
    }
    owner_.limit_.arm(owner_.context_.limits.write_deadline);
    const auto error = co_await owner_.peer_->write(framed, std::string_view());
    owner_.limit_.disarm();
    failed_ = static_cast<bool>(error);
    co_return !failed_;
  }
  [[nodiscard]] bool failed() const noexcept { return failed_; }

 private:
  session& owner_;
  bool chunked_;
  bool failed_ = false;
};

session::session(std::unique_ptr<connection> peer, event_loop& loop, loop_seat seat, const session_context& context)
    : peer_{std::move(peer)},
      loop_{loop},
      seat_{std::move(seat)},
      trips_{loop.watch(), peer_->socket().native_handle()},
      context_{context},
      limit_{loop, [this] { on_deadline(); }},
      buffer_{context.limits.header_bytes + read_step} {
  loop_.add(*this);
}

session::~session() {
  loop_.remove(*this);
}

session::incoming::incoming() = default;
session::incoming::~incoming() = default;

void session::begin_stop() {
  if (state_ == state::idle || receiving_)
    peer_->cancel();
}

void session::on_deadline() {
  if (state_ == state::idle || state_ == state::reading || receiving_)
    peer_->cancel();  // a client that is only slow can still be told so
  else
    peer_->abort();
}

asio::awaitable<void> session::run() {
  state_ = state::writing;  // a handshake that takes too long is cut
  limit_.arm(context_.limits.header_deadline);
  if (co_await peer_->open())
    co_return;
  error_code unknown;
  const auto here = peer_->socket().local_endpoint(unknown);
  if (!unknown) {
    const auto address = here.address().to_string();
    local_authority_ = (here.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(here.port());
  }
  while (co_await exchange())
    first_request_ = false;
  if (!peer_ended_)
    co_await close();
}

asio::awaitable<bool> session::exchange() {
  const auto head_size = co_await read_head();
  if (!head_size) {
    co_await refuse(head_size.error(), new_request_id());
    co_return false;
  }
  if (!*head_size)
    co_return false;
  incoming message;
  auto refused = co_await read_message(**head_size, message);
  if (peer_ended_)
    co_return false;
  auto& id = message.asked.request_id;
  const auto claimed = message.asked.field("X-OpenStack-Request-ID");
  if (!refused && claimed.size() > longest_request_id)
    refused.emplace(431, "X-OpenStack-Request-ID has more than 64 characters.");
  id = is_request_id(claimed) ? std::string{claimed} : new_request_id();
  if (refused) {
    co_await refuse(*refused, id);
    co_return false;
  }
  trips_.asked();
  state_ = state::handling;
  message.asked.seat = &seat_;
  auto given = co_await answer(message.asked);
  state_ = state::writing;
  left_unread_ = unread(message);
  // Only now: a handler may wait for minutes, for an import to change or a commit, and wants nothing meanwhile.
  actors::in_hand_guard in_hand{loop_.watch().signals().pressure};
  const bool written = co_await write(given, message, in_hand);
  limit_.disarm();
  seat_.rest();
  if (written)
    trips_.answered();
  peer_ended_ = !written;
  co_return written&& message.keep_alive && !left_unread_ && !loop_.stopping();
}

bool session::unread(const incoming& message) noexcept {
  return message.body && !message.body->complete();
}

asio::awaitable<response> session::answer(const request& asked) {
  try {
    co_return co_await context_.handler.handle(asked, loop_);
  } catch (const std::exception& fault) {
    spdlog::error("http: request {} met a fault: {}", asked.request_id, fault.what());
  }
  refusal why{500, "The service met an internal error."};
  response given = to_response(why);
  given.body = schemas::problem_json(schemas::failure{schemas::error_code::internal_error, std::string{why.detail}});
  co_return given;
}

asio::awaitable<bool> session::write(response& given, const incoming& message, actors::in_hand_guard& in_hand) {
  const bool head_only = message.asked.method == verb::head;
  const bool keep_alive = message.keep_alive && !left_unread_ && !loop_.stopping();
  if (given.events)
    co_return co_await stream(given, message, keep_alive);
  const bool is_file = static_cast<bool>(given.file.fd);
  const auto length = is_file ? given.file.length : given.body.size();
  out_.clear();
  append_head(out_, given, message.asked.request_id, static_cast<std::int64_t>(length), keep_alive,
              message.version_1_1);
  if (is_file && !head_only && length > 0) {
    seat_.work();
    answer_watch watched{loop_.watch(), peer_->socket().native_handle()};
    const file_sending by{*peer_, context_.pool, limit_, context_.limits, in_hand, watched};
    auto sending = send_file(by, out_, given.file);
    co_return co_await std::move(sending);
  }
  std::string_view rest;
  if (!head_only && !is_file) {
    if (given.body.size() <= joined_body_bytes)
      out_.append(given.body);
    else
      rest = given.body;
  }
  limit_.arm(context_.limits.write_deadline);
  in_hand.release();
  const auto error = co_await peer_->write(out_, rest);
  co_return !error;
}

asio::awaitable<bool> session::stream(response& given, const incoming& message, bool keep_alive) {
  const bool chunked = message.version_1_1;
  seat_.rest();
  out_.clear();
  append_head(out_, given, message.asked.request_id, -1, keep_alive && chunked, message.version_1_1);
  limit_.arm(context_.limits.write_deadline);
  if (co_await peer_->write(out_, std::string_view()))
    co_return false;
  if (message.asked.method == verb::head)
    co_return chunked;
  limit_.disarm();
  chunk_sink sink{*this, chunked};
  co_await given.events(sink);
  given.events = nullptr;  // what the stream held is free before its end is told
  if (sink.failed() || !chunked)
    co_return false;
  limit_.arm(context_.limits.write_deadline);
  const auto error = co_await peer_->write(std::string_view("0\r\n\r\n"), std::string_view());
  co_return !error;
}

asio::awaitable<void> session::refuse(const refusal& why, const std::string& request_id) {
  response given = to_response(why);
  if (why.status == 405)
    given.fields.emplace_back("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE");
  state_ = state::writing;
  limit_.arm(context_.limits.write_deadline);
  out_.clear();
  append_head(out_, given, request_id, static_cast<std::int64_t>(given.body.size()), false, true);
  out_.append(given.body);
  if (co_await peer_->write(out_, std::string_view()))
    peer_ended_ = true;
}

/// A socket closed with unread bytes resets the connection, and the reset overtakes the answer: so read on for a
/// moment.
asio::awaitable<void> session::close() {
  state_ = state::writing;
  limit_.arm(context_.limits.linger);
  co_await peer_->finish_writing();
  std::vector<char> unread_bytes(left_unread_ ? std::size_t{64} << 10 : std::size_t{4} << 10);
  const auto most = left_unread_ ? context_.limits.upload_linger_bytes : context_.limits.linger_bytes;
  std::size_t total = 0;
  error_code error;
  while (!error && !limit_.expired() && !loop_.stopping() && total < most && peer_->plain()) {
    total += co_await peer_->read_some(asio::buffer(unread_bytes), error);
  }
}

}  // namespace sluice::http
