// SPDX-License-Identifier: Apache-2.0
// The half of a session that reads: heads, bodies, and what is wrong with them.
#include "http/server/session_body.hpp"

#include <algorithm>
#include <utility>

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace sluice::http {
namespace {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;
using boost::system::error_code;

/// The methods that resources may have; TRACE and CONNECT belong to none.
constexpr bool is_served(verb method) noexcept {
  switch (method) {
    case verb::get:
    case verb::head:
    case verb::post:
    case verb::put:
    case verb::patch:
    case verb::delete_:
    case verb::options: return true;
    default: return false;
  }
}

}  // namespace

std::string_view session::buffered() const noexcept {
  return {static_cast<const char*>(buffer_.cdata().data()), buffer_.size()};
}

asio::awaitable<tl::expected<std::optional<std::size_t>, refusal>> session::read_head() {
  using outcome = tl::expected<std::optional<std::size_t>, refusal>;
  std::size_t scanned = 0;
  bool skipped_line = false;
  bool head_begun = false;
  for (;;) {
    if (!skipped_line && buffered().starts_with("\r\n")) {  // RFC 9112 section 2.2
      buffer_.consume(2);
      skipped_line = true;
    }
    const auto bytes = buffered();
    if (!bytes.empty()) {
      auto found = find_head_end(bytes, scanned, context_.limits);
      if (!found || *found)
        co_return found;
      scanned = bytes.size() < 3 ? 0 : bytes.size() - 3;
    }
    if (bytes.empty() && loop_.stopping())
      co_return outcome(std::nullopt);
    state_ = bytes.empty() ? state::idle : state::reading;
    if (bytes.empty())
      limit_.arm(first_request_ ? context_.limits.header_deadline : context_.limits.idle_deadline);
    else if (!head_begun)
      limit_.arm(context_.limits.header_deadline);
    head_begun = !bytes.empty();
    error_code error;
    const auto room = buffer_.prepare(std::min(read_step, buffer_.max_size() - buffer_.size()));
    buffer_.commit(co_await peer_->read_some(room, error));
    if (!error)
      continue;
    if (limit_.expired() && head_begun)
      co_return outcome(tl::unexpect, refusal(408, "The header fields did not arrive in time."));
    peer_ended_ = !limit_.expired() && !loop_.stopping();
    co_return outcome(std::nullopt);
  }
}

asio::awaitable<std::optional<refusal>> session::read_message(std::size_t head_size, incoming& into) {
  using outcome = std::optional<refusal>;
  const auto& limits = context_.limits;
  const auto head = check_head(buffered().substr(0, head_size), limits);
  if (!head)
    co_return outcome(head.error());
  into.version_1_1 = head->version_1_1;
  const bool has_body = head->has_body;
  const bool expects_continue = head->expects_continue && head->version_1_1;
  auto method = beast_http::string_to_verb(head->method);
  if (method == verb::unknown || (!is_served(method) && method != verb::trace && method != verb::connect))
    co_return outcome(std::in_place, 501, "This service does not know the method of the request.");
  if (!is_served(method))
    co_return outcome(std::in_place, 405, "No resource of this service has this method.");
  auto target = parse_target(head->target);
  if (!target)
    co_return outcome(target.error());
  if (has_body && context_.handler.streams_body(method, target->path)) {
    into.asked.method = method;
    into.asked.target = std::move(*target);
    co_return leave_body(*head, head_size, into);
  }

  beast_http::request_parser<beast_http::string_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes + 1));
  parser.body_limit(limits.body_bytes);
  parser.eager(true);
  state_ = state::reading;
  limit_.arm(limits.body_deadline);
  std::size_t wire_bytes = 0;
  bool continue_sent = false;
  for (;;) {
    error_code error;
    while (buffer_.size() != 0 && !parser.is_done()) {
      const auto used = parser.put(buffer_.data(), error);
      buffer_.consume(used);
      wire_bytes += used;
      if (error || used == 0)
        break;
    }
    if (parser.is_done())
      break;
    if (error == beast_http::error::body_limit || wire_bytes > limits.header_bytes + limits.body_wire_bytes)
      co_return outcome(std::in_place, 413, "The body is larger than this resource takes.");
    if (error && error != beast_http::error::need_more)
      co_return outcome(std::in_place, 400, "The body's framing is broken.");
    if (buffer_.size() == buffer_.max_size())
      co_return outcome(std::in_place, 400, "A chunk header of the body is too long.");
    if (expects_continue && !continue_sent && parser.is_header_done() && buffer_.size() == 0) {
      continue_sent = true;
      if (co_await peer_->write(std::string_view("HTTP/1.1 100 Continue\r\n\r\n"), std::string_view())) {
        peer_ended_ = true;
        co_return std::nullopt;
      }
    }
    error = {};
    const auto room = buffer_.prepare(std::min(read_step, buffer_.max_size() - buffer_.size()));
    buffer_.commit(co_await peer_->read_some(room, error));
    if (!error)
      continue;
    if (limit_.expired())
      co_return outcome(std::in_place, 408, "The body did not arrive in time.");
    peer_ended_ = true;
    co_return std::nullopt;
  }
  limit_.disarm();
  into.keep_alive = parser.keep_alive();
  auto message = parser.release();
  into.asked.method = method;
  into.asked.target = std::move(*target);
  into.asked.body = std::move(message.body());
  into.asked.fields = std::move(static_cast<beast_http::fields&>(message));
  into.asked.has_body = has_body;
  into.asked.secure = !peer_->plain();
  into.asked.local_authority = local_authority_;
  co_return std::nullopt;
}

std::optional<refusal> session::leave_body(const request_head& head, std::size_t head_size, incoming& into) {
  auto parser = std::make_unique<incoming_body::parser_type>();
  parser->header_limit(static_cast<std::uint32_t>(context_.limits.header_bytes + 1));
  parser->body_limit(boost::none);
  const bool expects_continue = head.expects_continue && head.version_1_1;
  error_code error;
  std::size_t used = 0;
  while (used < head_size && !parser->is_header_done() && !error)
    used += parser->put(boost::asio::const_buffer(buffered().substr(used, head_size - used).data(), head_size - used),
                        error);
  if (!parser->is_header_done())
    return refusal{400, "The header fields cannot be read."};
  buffer_.consume(head_size);
  std::optional<std::uint64_t> length;
  if (const auto announced = parser->content_length())
    length = *announced;
  into.keep_alive = parser->keep_alive();
  into.asked.fields = static_cast<const beast_http::fields&>(parser->get());
  into.asked.has_body = true;
  into.asked.secure = !peer_->plain();
  into.asked.local_authority = local_authority_;
  parser->eager(true);
  seat_.work();
  into.body = std::make_unique<incoming_body>(*this, std::move(parser), length, expects_continue);
  into.asked.stream = into.body.get();
  return std::nullopt;
}

}  // namespace sluice::http
