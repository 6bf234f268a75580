// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/steady_timer.hpp>

#include "tests/http/client/fetching.hpp"

using namespace sluice::http;
using namespace sluice::hostile;
using sluice::schemas::error_code;
using namespace std::chrono_literals;

TEST_CASE("a source that does not answer is given up, also when it dribbles its header") {
  fetching test;
  test.limits.first_answer = short_wait;
  const auto acts =
      GENERATE(script{hang{}}, script{await_request{}, hang{}},
               script{await_request{}, dribble{"HTTP/1.1 200 OK\r\nA: " + std::string(100'000, 'a'), 5ms}});
  test.server.play({acts});
  const auto got = test.get(test.server.url());
  CHECK(got.code() == error_code::source_stalled);
  CHECK(got.why->transient);
  CHECK(test.server.wait_for_closed(1));
}

TEST_CASE("a source that stops in the middle is given up") {
  fetching test;
  test.limits.idle = short_wait;
  const auto* const head = GENERATE("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
                                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello");
  test.server.play({{await_request{}, say{head}, hang{}}});
  const auto got = test.get(test.server.url());
  CHECK(got.code() == error_code::source_stalled);
  CHECK(got.why->transient);
  CHECK(got.message() == "Could not retrieve image. The source sent nothing for 150 ms.");
  CHECK(got.body == "hello");
  CHECK(test.server.wait_for_closed(1));
}

TEST_CASE("a source below the minimum rate is given up although it never stops") {
  fetching test;
  test.limits.minimum_rate = 1'000'000;
  test.limits.rate_window = short_wait;
  test.server.play({{await_request{}, say{"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"},
                     dribble{std::string(100'000, 'x'), 2ms}}});
  const auto got = test.get(test.server.url());
  CHECK(got.code() == error_code::source_stalled);
  CHECK(got.why->transient);
  CHECK(got.message() == "Could not retrieve image. The source sends less than 1000000 bytes a second.");
}

TEST_CASE("a reader that pauses longer than every deadline is not the source's fault") {
  fetching test;
  test.limits.first_answer = short_wait;
  test.limits.idle = short_wait;
  test.limits.rate_window = short_wait;
  test.limits.minimum_rate = 1;
  const std::string body(1'000'000, 'x');
  test.server.play({answer_with("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + body)});
  http_source_factory factory{test.sources, test.limits};
  const auto source = factory.create(test.loop.get_executor(), test.server.url());
  REQUIRE(run(test.loop, source->open(0, "")));
  std::vector<std::byte> block(100'000);
  std::size_t received = 0;
  while (received < body.size()) {
    const auto got = run(test.loop, source->read_some(block));
    REQUIRE(got);
    REQUIRE(*got > 0);
    if (received == 0) {
      // The deadlines pass on the loop while nobody reads: what would kill the connection has its chance to.
      boost::asio::steady_timer pause{test.loop, 3 * short_wait};
      bool over = false;
      pause.async_wait([&](const boost::system::error_code&) { over = true; });
      test.loop.restart();
      while (!over)
        test.loop.run_one();
    }
    received += *got;
  }
  CHECK(received == body.size());
}

TEST_CASE("little arrives after the reader stops") {
  // What the kernel takes in for a paused import is bounded by the receive buffer, set before the connection is made.
  fetching test;
  test.server.play({{await_request{}, say{"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n"},
                     flood{std::string(65'536, 'x')}}});
  http_source_factory factory{test.sources, test.limits};
  const auto source = factory.create(test.loop.get_executor(), test.server.url());
  REQUIRE(run(test.loop, source->open(0, "")));
  std::vector<std::byte> block(8u << 20);
  std::size_t largest = 0;
  for (int i = 0; i < 50; ++i) {
    const auto got = run(test.loop, source->read_some(block));
    REQUIRE(got);
    largest = std::max(largest, *got);
  }
  CHECK(largest <= 512u << 10);
}

TEST_CASE("a TLS handshake that does not end is given up, in the words of an unreachable host") {
  fetching test;
  test.limits.handshake = short_wait;
  test.server.play({{hang{}}});
  const auto got = test.get("https://127.0.0.1:" + std::to_string(test.server.port()) + "/image");
  CHECK(got.code() == error_code::source_unreachable);
  CHECK(got.why->transient);
}
