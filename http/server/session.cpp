// SPDX-License-Identifier: Apache-2.0
#include "http/server/session.hpp"

#include <array>
#include <charconv>
#include <exception>
#include <utility>

#include <spdlog/spdlog.h>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "http/server/file_answer.hpp"
#include "http/server/request_id.hpp"
#include "schemas/json.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;
using boost::system::error_code;

constexpr std::size_t read_step = 8 << 10;
constexpr std::size_t joined_body_bytes = 16
                                          << 10;  ///< smaller bodies are copied behind their head: one buffer, one send
constexpr std::size_t most_lingering_bytes = 1 << 20;

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

/// A request being read, and what its answer's framing depends on.
struct session::incoming {
  request asked;
  bool version_1_1 = true;
  bool keep_alive = false;
};

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

session::session(std::unique_ptr<connection> peer, event_loop& loop, const session_context& context)
    : peer_{std::move(peer)},
      loop_{loop},
      context_{context},
      limit_{loop, [this] { on_deadline(); }},
      buffer_{context.limits.header_bytes + read_step} {
  loop_.add(*this);
}

session::~session() {
  loop_.remove(*this);
}

std::string_view session::buffered() const noexcept {
  return {static_cast<const char*>(buffer_.cdata().data()), buffer_.size()};
}

void session::begin_stop() {
  if (state_ == state::idle)
    peer_->cancel();
}

void session::on_deadline() {
  if (state_ == state::idle || state_ == state::reading)
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
  state_ = state::handling;
  auto given = co_await answer(message.asked);
  state_ = state::writing;
  // Only now: a handler may wait for minutes, for an import to change or a commit, and wants nothing meanwhile.
  actors::in_hand_guard in_hand{loop_.watch().signals().pressure};
  const bool written = co_await write(given, message, in_hand);
  limit_.disarm();
  peer_ended_ = !written;
  co_return written&& message.keep_alive && !loop_.stopping();
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
  const bool keep_alive = message.keep_alive && !loop_.stopping();
  if (given.events)
    co_return co_await stream(given, message, keep_alive);
  const bool is_file = static_cast<bool>(given.file.fd);
  const auto length = is_file ? given.file.length : given.body.size();
  out_.clear();
  append_head(out_, given, message.asked.request_id, static_cast<std::int64_t>(length), keep_alive,
              message.version_1_1);
  if (is_file && !head_only && length > 0) {
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
    given.fields.emplace_back("Allow", "GET, HEAD, POST, PATCH, DELETE");
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
  std::array<char, 4096> unread;
  std::size_t total = 0;
  error_code error;
  while (!error && !limit_.expired() && !loop_.stopping() && total < most_lingering_bytes && peer_->plain()) {
    total += co_await peer_->read_some(asio::buffer(unread), error);
  }
}

}  // namespace sluice::http
