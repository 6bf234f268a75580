// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <span>

#include "actors/bandwidth/serving_signals.hpp"
#include "http/server/body_stream.hpp"
#include "http/server/server.hpp"
#include "tests/http/server/raw_client.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;

/// Reads the bodies of PUT itself, as the path says, and answers with what it read.
class streaming_handler final : public request_handler {
 public:
  bool streams_body(verb method, std::string_view) const override { return method == verb::put; }

  asio::awaitable<response> handle(const request& asked, event_loop&) override {
    response given{200, "text/plain", asked.body};
    if (asked.stream == nullptr || asked.target.path == "/unread")
      co_return given;
    given.fields.emplace_back("X-Length",
                              asked.stream->length() ? std::to_string(*asked.stream->length()) : std::string{"none"});
    std::string piece(asked.target.path == "/one-byte" ? 1 : 1000, '\0');
    for (;;) {
      auto reading = asked.stream->read_some(std::as_writable_bytes(std::span{piece}), patience);
      const auto got = co_await std::move(reading);
      if (!got) {
        tell(got.error());
        given.status = got.error().status;
        given.body = got.error().detail;
        co_return given;
      }
      if (*got == 0)
        co_return given;
      given.body.append(piece, 0, *got);
      if (asked.target.path == "/first" && !given.body.empty())
        co_return given;
    }
  }

  void tell(const refusal& why) {
    const std::lock_guard guard{mutex};
    refused.push_back(why.status);
    changed.notify_all();
  }
  unsigned wait_for_refusal() {
    std::unique_lock lock{mutex};
    REQUIRE(changed.wait_for(lock, std::chrono::seconds{30}, [this] { return !refused.empty(); }));
    return refused.front();
  }

  std::chrono::milliseconds patience{std::chrono::seconds{30}};
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<unsigned> refused;
};

struct streaming_server {
  explicit streaming_server(std::chrono::milliseconds patience = std::chrono::seconds{30}) {
    handler.patience = patience;
    REQUIRE(front.start());
  }
  ~streaming_server() { front.stop(std::chrono::milliseconds{0}); }

  static server_options options() {
    server_options made;
    made.limits.body_bytes = 100;
    return made;
  }
  actors::serving_signals signals;
  streaming_handler handler;
  server front{options(), handler, signals};
};

std::string put(const std::string& path, const std::string& fields) {
  return "PUT " + path + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
}

/// `content` in chunks of `size`, with an extension and a trailer.
std::string chunked(const std::string& content, std::size_t size) {
  std::string text;
  for (std::size_t at = 0; at < content.size(); at += size) {
    const auto piece = content.substr(at, size);
    char digits[32];
    std::snprintf(digits, sizeof digits, "%zx;a=b\r\n", piece.size());
    text += digits + piece + "\r\n";
  }
  return text + "0\r\nX: y\r\n\r\n";
}

const std::string content = [] {
  std::string made;
  for (int i = 0; i < 200'000; ++i)
    made += static_cast<char>('a' + i % 26);
  return made;
}();

}  // namespace

TEST_CASE("a handler reads a body of any size by itself, and the connection goes on behind it") {
  streaming_server running;
  raw_client client{running.front.endpoint()};
  for (const std::string path : {"/many", "/one-byte"}) {
    CAPTURE(path);
    client.send(put(path, "Content-Length: 200000\r\n") + content + put("/next", "Content-Length: 3\r\n") + "abc");
    auto answer = client.read_reply();
    CHECK(answer.status == 200);
    CHECK(answer.field("x-length") == "200000");
    CHECK((answer.body == content));
    CHECK(client.read_reply().body == "abc");
    for (const std::size_t size : {1U, 7U, 65536U}) {
      CAPTURE(size);
      const auto part = content.substr(0, size == 1 ? 3000 : content.size());
      client.send(put(path, "Transfer-Encoding: chunked\r\n") + chunked(part, size) +
                  "GET /next HTTP/1.1\r\nHost: h\r\n\r\n");
      answer = client.read_reply();
      CHECK(answer.status == 200);
      CHECK(answer.field("x-length") == "none");
      CHECK((answer.body == part));
      CHECK(client.read_reply().status == 200);
    }
  }
}

TEST_CASE("other methods are read before they are handled, as ever") {
  streaming_server running;
  raw_client client{running.front.endpoint()};
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
  CHECK(client.read_reply().body == "abc");
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n");
  CHECK(client.read_reply().status == 413);
}

TEST_CASE("100-continue is said at the first read of the handler, and not by one that reads nothing") {
  streaming_server running;
  {
    raw_client client{running.front.endpoint()};
    client.send(put("/", "Expect: 100-continue\r\nContent-Length: 3\r\n"));
    CHECK(client.read_reply().status == 100);
    client.send("abc");
    CHECK(client.read_reply().body == "abc");
    CHECK(client.ask("GET", "/").status == 200);
  }
  raw_client client{running.front.endpoint()};
  client.send(put("/unread", "Expect: 100-continue\r\nContent-Length: 3\r\n"));
  CHECK(client.read_reply().status == 200);
}

TEST_CASE("an answer before the end of the body arrives, and closes the connection") {
  streaming_server running;
  for (const std::string path : {"/unread", "/first"}) {
    CAPTURE(path);
    raw_client client{running.front.endpoint()};
    client.send(put(path, "Content-Length: 5000000\r\n") + std::string(4'000'000, 'x'));
    const auto answer = client.read_reply();
    CHECK(answer.status == 200);
    CHECK(answer.field("connection") == "close");
    CHECK(client.closed());
  }
}

TEST_CASE("a body that stops, breaks, or loses its client ends the handler's reading") {
  streaming_server running{std::chrono::milliseconds{100}};
  SECTION("it stops") {
    raw_client client{running.front.endpoint()};
    client.send(put("/", "Content-Length: 10\r\n") + "abc");
    CHECK(client.read_reply().status == 408);
    CHECK(client.closed());
  }
  SECTION("its framing breaks") {
    raw_client client{running.front.endpoint()};
    client.send(put("/", "Transfer-Encoding: chunked\r\n") + "3\r\nabc\r\nzz\r\n");
    CHECK(client.read_reply().status == 400);
    CHECK(client.closed());
  }
  SECTION("a chunk header never ends") {
    raw_client client{running.front.endpoint()};
    client.send(put("/", "Transfer-Encoding: chunked\r\n") + "1;" + std::string(60'000, 'x'));
    CHECK(client.read_reply().status == 400);
  }
  SECTION("its client goes away") {
    {
      raw_client client{running.front.endpoint()};
      client.send(put("/", "Content-Length: 10\r\n") + "abc");
    }
    CHECK(running.handler.wait_for_refusal() == 400);
  }
}

TEST_CASE("a stop of the service ends uploads at once") {
  streaming_server running;
  raw_client client{running.front.endpoint()};
  client.send(put("/", "Expect: 100-continue\r\nContent-Length: 10\r\n"));
  CHECK(client.read_reply().status == 100);  // now it waits for bytes
  running.front.stop(std::chrono::seconds{30});
  CHECK(running.handler.wait_for_refusal() == 503);
}

}  // namespace sluice::http
