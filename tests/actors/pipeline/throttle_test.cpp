// SPDX-License-Identifier: Apache-2.0
#include "actors/bandwidth/throttle.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <optional>

using namespace sluice::actors;
namespace asio = boost::asio;
using clock_type = std::chrono::steady_clock;

namespace {

asio::awaitable<void> take_many(throttle& from, std::uint64_t bytes, int times) {
  for (int count = 0; count < times; ++count)
    co_await from.take(bytes);
}

/// Runs until the coroutine has ended.
void run(asio::io_context& context, throttle& from, std::uint64_t bytes, int times) {
  asio::co_spawn(context, take_many(from, bytes, times), asio::detached);
  context.restart();
  context.run();
}

}  // namespace

TEST_CASE("an unlimited throttle never waits") {
  asio::io_context context;
  throttle free{"import", "project", "host"};
  run(context, free, 1 << 20, 10'000);
  CHECK(free.taken() == std::uint64_t{10'000} << 20);
  CHECK_FALSE(free.was_hungry());
}

TEST_CASE("no more passes than the rate allows from the start on") {
  asio::io_context context;
  throttle limited{"import", "project", "host"};
  limited.set_rate(10 << 20);
  const auto began = clock_type::now();
  run(context, limited, 64 << 10, 32);
  const auto seconds = std::chrono::duration<double>{clock_type::now() - began}.count();
  CHECK(static_cast<double>(32 * (64 << 10)) <= seconds * (10 << 20) * 1.001);
  CHECK(limited.was_hungry());
  CHECK_FALSE(limited.was_hungry());
}

TEST_CASE("what is given back can be taken again, and is not counted") {
  asio::io_context context;
  throttle limited{"import", "project", "host"};
  limited.set_rate(1 << 20);
  run(context, limited, 4096, 1);
  limited.give_back(4000);
  CHECK(limited.taken() == 96);
}

TEST_CASE("a waiting reader is hungry, follows a new rate and can be cancelled") {
  asio::io_context context;
  throttle stopped{"import", "project", "host"};
  stopped.set_rate(0);
  asio::cancellation_signal signal;
  std::optional<bool> failed;
  asio::co_spawn(
      context, take_many(stopped, 1000, 1),
      asio::bind_cancellation_slot(signal.slot(), [&](const std::exception_ptr& error) { failed = error != nullptr; }));
  context.poll();
  CHECK(stopped.was_hungry());
  CHECK(stopped.was_hungry());
  CHECK(stopped.taken() == 0);
  SECTION("a new rate") {
    stopped.set_rate(throttle::unlimited);
    context.run();
    CHECK(failed == false);
    CHECK(stopped.taken() == 1000);
  }
  SECTION("cancelled") {
    signal.emit(asio::cancellation_type::terminal);
    context.run();
    CHECK(failed == true);
    CHECK(stopped.taken() == 0);
  }
}

TEST_CASE("the board shows live throttles, and new ones start at the initial rate") {
  throttle_board board;
  board.set_initial_rate(12'345);
  const auto first = board.add("a", "p", "h");
  const auto second = board.add("b", "p", "h");
  CHECK(first->rate() == 12'345);
  CHECK(board.all().size() == 2);
  board.remove(first);
  board.remove(first);
  REQUIRE(board.all().size() == 1);
  CHECK(board.all()[0] == second);
}
