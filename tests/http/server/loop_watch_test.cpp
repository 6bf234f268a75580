// SPDX-License-Identifier: Apache-2.0
#include "http/server/loop_watch.hpp"

#include <chrono>
#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>

#include "http/server/tcp_state.hpp"

namespace {

using namespace sluice::http;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::ip::tcp;

/// A loop with one connection over which nothing goes: to the kernel, a client that waits for us all the time.
struct watched_loop {
  asio::io_context context;
  sluice::actors::serving_signals signals;
  loop_watch watch{context, signals};
  tcp::acceptor acceptor{context, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
  tcp::socket client{context}, served{context};

  watched_loop() {
    client.connect(acceptor.local_endpoint());
    acceptor.accept(served);
    watch.start([] { return true; });
  }

  /// Runs the loop until it is so, for ten seconds at most.
  template <class Condition>
  bool comes_true(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!condition() && std::chrono::steady_clock::now() < end)
      context.run_one_for(100ms);
    return condition();
  }
  [[nodiscard]] std::uint32_t starving() const { return signals.pressure.starved.load(); }
};

}  // namespace

TEST_CASE("a long answer whose client waits for us counts as starving until it ends, and not a moment longer") {
  watched_loop loop;
  auto answer = std::make_unique<answer_watch>(loop.watch, loop.served.native_handle());
  answer->sent(answer_watch::long_after);
  REQUIRE(loop.comes_true([&] { return loop.starving() == 1; }));
  CHECK(loop.signals.starved.take().largest > 900'000);
  answer.reset();
  CHECK(loop.starving() == 0);
  CHECK(loop.signals.pressure.file_answers == 0);
}

TEST_CASE("an answer that starves as it usually does, imports or not, does not count") {
  watched_loop loop;
  loop.signals.usually_starved = 980'000;
  answer_watch answer{loop.watch, loop.served.native_handle()};
  answer.sent(answer_watch::long_after);
  bool told = false;
  REQUIRE(loop.comes_true([&] { return told = told || loop.signals.starved.take().last > 900'000; }));
  CHECK(loop.starving() == 0);
  loop.signals.usually_starved = 0;
  CHECK(loop.comes_true([&] { return loop.starving() == 1; }));
}

TEST_CASE("an answer that is short so far never counts as starving") {
  watched_loop loop;
  answer_watch longer{loop.watch, loop.served.native_handle()};
  longer.sent(answer_watch::long_after);
  answer_watch shorter{loop.watch, loop.served.native_handle()};
  shorter.sent(answer_watch::long_after - 1);
  REQUIRE(loop.comes_true([&] { return loop.starving() > 0; }));
  CHECK(loop.starving() == 1);
}

TEST_CASE("a connection tells its round trip once enough of its answers were acknowledged") {
  watched_loop loop;
  trip_watch trips{loop.watch, loop.served.native_handle()};
  bool told = false;
  CHECK(loop.comes_true([&] {
    trips.answered();  // before it is written, so that none is acknowledged already
    asio::write(loop.served, asio::buffer("answer", 6));
    return told = told || loop.signals.round_trip.take().count > 0;
  }));
  CHECK(loop.signals.segment > 0);
}

namespace {

/// Eight segments over this connection, acknowledged, which nobody has looked at.
void give_long_answer(watched_loop& loop, trip_watch& trips) {
  loop.served.set_option(tcp::no_delay{true});
  trips.answered();
  for (std::uint32_t i = 0; i < least_round_trip::enough; ++i)
    asio::write(loop.served, asio::buffer("answer", 6));
  tcp_state state;
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (look_at(loop.served.native_handle(), state) && !state.all_acknowledged &&
         std::chrono::steady_clock::now() < end) {
  }
  REQUIRE(state.all_acknowledged);
  REQUIRE(loop.signals.round_trip.take().count == 0);
}

}  // namespace

TEST_CASE("a connection that ends before its answer was looked at tells its round trip at the end") {
  watched_loop loop;
  {
    trip_watch trips{loop.watch, loop.served.native_handle()};
    give_long_answer(loop, trips);
  }
  CHECK(loop.signals.round_trip.take().count == 1);
}

TEST_CASE("an answer that was acknowledged with the next request tells its round trip if it was long") {
  watched_loop loop;
  trip_watch trips{loop.watch, loop.served.native_handle()};
  give_long_answer(loop, trips);
  trips.asked();
  CHECK(loop.signals.round_trip.take().count == 1);
  trips.asked();
  CHECK(loop.signals.round_trip.take().count == 0);
}

TEST_CASE("short answers that were acknowledged with the next requests tell nothing") {
  watched_loop loop;
  trip_watch trips{loop.watch, loop.served.native_handle()};
  for (std::uint32_t i = 0; i < 4 * least_round_trip::enough; ++i) {
    const auto end = std::chrono::steady_clock::now() + 3ms;  // more often than that it does not listen
    while (std::chrono::steady_clock::now() < end) {
    }
    trips.answered();
    asio::write(loop.served, asio::buffer("answer", 6));
    trips.asked();
  }
  CHECK(loop.signals.round_trip.take().count == 0);
}

TEST_CASE("the bytes of every answer are counted, and answers in progress") {
  watched_loop loop;
  answer_watch one{loop.watch, loop.served.native_handle()};
  answer_watch other{loop.watch, loop.served.native_handle()};
  one.sent(100);
  other.sent(23);
  CHECK(loop.signals.bytes == 123);
  CHECK(loop.signals.pressure.file_answers == 2);
}

TEST_CASE("a loop tells how late its timer was and how long its thread waited for a core") {
  watched_loop loop;
  bool told = false;
  CHECK(loop.comes_true([&] { return told = told || loop.signals.loop_lag.take().count > 0; }));
  loop.watch.stop();
}
