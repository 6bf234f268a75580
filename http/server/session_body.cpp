// SPDX-License-Identifier: Apache-2.0
#include "http/server/session_body.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace sluice::http {
namespace {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;
using boost::system::error_code;

constexpr refusal too_slow{408, "The body did not arrive in time."};
constexpr refusal gone{400, "The client went away before the last byte of the body."};
constexpr refusal stopping{503, "The service is stopping."};
constexpr refusal broken_framing{400, "The body's framing is broken."};

}  // namespace

session::incoming_body::incoming_body(session& owner, std::unique_ptr<parser_type> parser,
                                      std::optional<std::uint64_t> length, bool expects_continue)
    : owner_{owner},
      parser_{std::move(parser)},
      length_{length},
      left_{length.value_or(0)},
      expects_continue_{expects_continue} {}

asio::awaitable<tl::expected<std::size_t, refusal>> session::incoming_body::read_some(
    std::span<std::byte> into, std::chrono::milliseconds patience) {
  if (broken_)
    co_return outcome(tl::unexpect, *broken_);
  if (complete_ || into.empty())
    co_return outcome(0);
  owner_.receiving_ = true;
  owner_.limit_.arm(patience);
  outcome got(0);
  if (std::exchange(expects_continue_, false) && owner_.buffer_.size() == 0 &&
      co_await owner_.peer_->write(std::string_view("HTTP/1.1 100 Continue\r\n\r\n"), std::string_view())) {
    owner_.peer_ended_ = true;
    got = tl::unexpected<refusal>(gone);
  } else {
    auto reading = length_ ? read_counted(into) : read_chunked(into);
    got = co_await std::move(reading);
  }
  owner_.limit_.disarm();
  owner_.receiving_ = false;
  if (!got)
    broken_ = got.error();
  co_return got;
}

asio::awaitable<session::incoming_body::outcome> session::incoming_body::receive(asio::mutable_buffer into) {
  if (owner_.loop_.stopping())
    co_return outcome(tl::unexpect, stopping);
  error_code error;
  const auto count = co_await owner_.peer_->read_some(into, error);
  if (!error)
    co_return outcome(count);
  if (owner_.loop_.stopping())
    co_return outcome(tl::unexpect, stopping);
  if (owner_.limit_.expired() || error == asio::error::operation_aborted)
    co_return outcome(tl::unexpect, too_slow);
  owner_.peer_ended_ = true;
  co_return outcome(tl::unexpect, gone);
}

asio::awaitable<session::incoming_body::outcome> session::incoming_body::read_counted(std::span<std::byte> into) {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left_));
  outcome got(0);
  if (const auto waiting = owner_.buffered(); !waiting.empty()) {
    const auto count = std::min(waiting.size(), wanted);
    std::memcpy(into.data(), waiting.data(), count);
    owner_.buffer_.consume(count);
    got = count;
  } else {
    auto receiving = receive(asio::mutable_buffer(into.data(), wanted));
    got = co_await std::move(receiving);
  }
  if (got) {
    left_ -= *got;
    complete_ = left_ == 0;
  }
  co_return got;
}

asio::awaitable<session::incoming_body::outcome> session::incoming_body::read_chunked(std::span<std::byte> into) {
  auto& buffer = owner_.buffer_;
  for (;;) {
    auto& body = parser_->get().body();
    body.data = into.data();
    body.size = into.size();
    body.more = true;
    error_code error;
    while (buffer.size() != 0 && !parser_->is_done() && body.size != 0) {
      const auto used = parser_->put(buffer.data(), error);
      buffer.consume(used);
      if (error || used == 0)
        break;
    }
    complete_ = parser_->is_done();
    if (error && error != beast_http::error::need_more && error != beast_http::error::need_buffer)
      co_return outcome(tl::unexpect, broken_framing);
    if (const auto taken = into.size() - body.size; taken > 0 || complete_)
      co_return outcome(taken);
    if (buffer.size() == buffer.max_size())
      co_return outcome(tl::unexpect, broken_framing);
    auto receiving = receive(buffer.prepare(buffer.max_size() - buffer.size()));
    const auto got = co_await std::move(receiving);
    if (!got)
      co_return got;
    buffer.commit(*got);
  }
}

void session::incoming_body::interrupt() {
  if (owner_.receiving_)
    owner_.peer_->cancel();
}

}  // namespace sluice::http
