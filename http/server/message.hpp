// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/verb.hpp>

#include "http/server/target.hpp"
#include "persistence/unique_fd.hpp"

/// A request as handlers see it, and the answers they may give. Framing is over when a request gets here: it is whole,
/// within its bounds, and means one thing.
namespace sluice::http {

class body_stream;
class event_loop;
class loop_seat;

using verb = boost::beast::http::verb;

struct request {
  verb method = verb::get;
  request_target target;
  boost::beast::http::fields fields;
  std::string body;
  bool has_body = false;
  body_stream* stream = nullptr;  ///< the body, for a handler that reads it itself; `body` is empty then
  bool secure = false;            ///< came over TLS
  loop_seat* seat = nullptr;      ///< of its connection; a handler that waits for minutes has it rest
  std::string request_id;         ///< `req-` and a UUID: the client's own, or new
  std::string local_authority;    ///< address and port the client reached; for absolute URLs when it sent no Host

  /// The value of a field, empty when absent (the first one when repeated).
  [[nodiscard]] std::string_view field(std::string_view name) const {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string_view{} : std::string_view{found->value()};
  }
};

/// Part of an open file as a body. The descriptor keeps the content readable when the image is deleted meanwhile.
struct file_part {
  persistence::unique_fd fd;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;  ///< bytes; the file holds them all
};

/// Where a stream of events goes. `send` is false when the client is gone or the service stops.
class event_sink {
 public:
  virtual ~event_sink() = default;
  [[nodiscard]] virtual boost::asio::awaitable<bool> send(std::string text) = 0;
};
using event_source = std::function<boost::asio::awaitable<void>(event_sink&)>;

/// What a handler answers: a body in memory, a part of a file, or a stream of events. Values of `fields` come from the
/// service itself or from validated text; line breaks in them are dropped when they are written.
struct response {
  unsigned status = 200;
  std::string content_type;  ///< empty: no Content-Type
  std::vector<std::pair<std::string_view, std::string>> fields;
  std::string body;
  file_part file;       ///< used when its descriptor is open
  event_source events;  ///< used when set

  response() = default;
  response(unsigned code, std::string type, std::string content)
      : status{code}, content_type{std::move(type)}, body{std::move(content)} {}
};

/// What a server calls for each request, on the request's own loop; `loop` lives as long as the request.
class request_handler {
 public:
  virtual ~request_handler() = default;
  /// Requests whose body is not read before `handle`, but by it, through `request::stream`: what may be of any size.
  /// Asked before anything else is known of the request.
  [[nodiscard]] virtual bool streams_body(verb, std::string_view /*path*/) const { return false; }
  [[nodiscard]] virtual boost::asio::awaitable<response> handle(const request& asked, event_loop& loop) = 0;
};

/// The head of an answer as bytes: status line, the fields every answer has, those of `answer`, and the framing.
/// `length` below 0 means chunked (or, for HTTP/1.0, until the connection closes).
void append_head(std::string& out, const response& answer, std::string_view request_id, std::int64_t length,
                 bool keep_alive, bool version_1_1);

/// The reason phrase of RFC 9110.
[[nodiscard]] std::string_view reason_phrase(unsigned status) noexcept;

/// A fault of the protocol itself as problem details (RFC 9457), for statuses that no resource gives. Only texts
/// of the service itself may be put in.
[[nodiscard]] response protocol_problem(unsigned status, std::string_view detail);

}  // namespace sluice::http
