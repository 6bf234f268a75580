// SPDX-License-Identifier: Apache-2.0
// On which loop a new connection lands: a reader of an image that shares a loop with another has half of it.
#include <chrono>
#include <memory>
#include <semaphore>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>

#include "http/server/event_loop.hpp"
#include "http/server/server.hpp"
#include "tests/http/server/raw_client.hpp"

namespace sluice::http {
namespace {

using namespace std::chrono_literals;

/// Says which loop it runs on: at once, or for /wait once it is let go.
class where_am_i final : public request_handler {
 public:
  boost::asio::awaitable<response> handle(const request& asked, event_loop& loop) override {
    if (asked.target.path == "/wait") {
      asked.seat->rest();
      waiter waiting{loop};
      boost::asio::post(loop.executor(), [this] {  // runs once the wait has begun
        parked_.release();
      });
      co_await waiting.wait_until(waiter::clock::now() + 60s);
    }
    response given;
    given.status = 200;
    given.content_type = "text/plain";
    given.body = std::to_string(loop.number());
    co_return given;
  }
  [[nodiscard]] bool one_parked() { return parked_.try_acquire_for(30s); }

 private:
  std::binary_semaphore parked_{0};
};

struct two_loops {
  where_am_i handler;
  actors::serving_signals signals;
  server service{two(), handler, signals};

  static server_options two() {
    server_options options;
    options.loops = 2;
    return options;
  }
  two_loops() { REQUIRE(service.start()); }
  [[nodiscard]] std::unique_ptr<raw_client> connect() const { return std::make_unique<raw_client>(service.endpoint()); }
};

void ask(raw_client& client, const std::string& path) {
  client.send("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n");
}

std::string loop_of(raw_client& client) {
  ask(client, "/");
  return client.read_reply().body;
}

TEST_CASE("connections that arrive together land on all loops evenly") {
  for (int round = 0; round < 10; ++round) {
    const two_loops of;
    std::vector<std::unique_ptr<raw_client>> clients;
    for (int i = 0; i < 8; ++i)
      clients.push_back(of.connect());  // nothing is asked yet
    const auto last = of.connect();
    loop_of(*last);  // they are accepted in turn: the others are now as well
    int on_first = 0;
    for (const auto& client : clients)
      on_first += loop_of(*client) == "0" ? 1 : 0;
    CHECK(on_first == 4);
  }
}

TEST_CASE(
    "connections that want nothing now, kept alive or waiting for an import, do not keep others from their loop") {
  two_loops of;
  std::vector<std::unique_ptr<raw_client>> clients;
  for (int i = 0; i < 4; ++i)
    clients.push_back(of.connect());  // in turn, for each counts from when it came
  const auto last = of.connect();
  loop_of(*last);
  const auto quiet_loop = loop_of(*clients[0]);
  ask(*clients[2], "/wait");
  REQUIRE(of.handler.one_parked());  // on the same loop, after it had done with the first
  // Three on the one loop rest. Two on the other have yet to ask for something, so the next two go to the first.
  const auto fifth = of.connect();
  const auto sixth = of.connect();
  CHECK(loop_of(*fifth) == quiet_loop);
  CHECK(loop_of(*sixth) == quiet_loop);
  CHECK(loop_of(*clients[1]) != quiet_loop);
}

}  // namespace
}  // namespace sluice::http
