// SPDX-License-Identifier: Apache-2.0
#include "actors/pipeline/block_pool.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch.hpp>
#include <cstdint>
#include <thread>
#include <vector>

using namespace sluice::actors;
namespace asio = boost::asio;

namespace {

asio::awaitable<void> take_turn(block_pool& pool, std::vector<int>& order, int number) {
  auto block = co_await pool.acquire();
  order.push_back(number);
  const auto executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, asio::use_awaitable);
}

asio::awaitable<void> keep(block_pool& pool, block_handle& into) {
  into = co_await pool.acquire();
}

}  // namespace

TEST_CASE("blocks are aligned for direct writes, distinct, and all come back") {
  asio::io_context context;
  block_pool pool{3};
  std::vector<block_handle> held(3);
  for (auto& each : held)
    asio::co_spawn(context, keep(pool, each), asio::detached);
  context.run();
  CHECK(pool.free_count() == 0);
  for (const auto& each : held) {
    REQUIRE(each.bytes().size() == block_pool::block_size);
    CHECK(reinterpret_cast<std::uintptr_t>(each.bytes().data()) % 4096 == 0);
    std::fill(each.bytes().begin(), each.bytes().end(), std::byte{1});
  }
  CHECK(held[0].bytes().data() != held[1].bytes().data());
  CHECK(held[1].bytes().data() != held[2].bytes().data());
  held.clear();
  CHECK(pool.free_count() == 3);
}

TEST_CASE("whoever waits longest for a block is served first") {
  asio::io_context context;
  block_pool pool{1};
  std::vector<int> order;
  for (int number = 0; number < 20; ++number)
    asio::co_spawn(context, take_turn(pool, order, number), asio::detached);
  context.run();
  REQUIRE(order.size() == 20);
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK(pool.free_count() == 1);
}

TEST_CASE("a block returned on another thread wakes who waits") {
  asio::io_context context;
  const auto guard = asio::make_work_guard(context);
  block_pool pool{1};
  block_handle first;
  block_handle second;
  asio::co_spawn(context, keep(pool, first), asio::detached);
  context.poll();
  REQUIRE(first);
  asio::co_spawn(context, keep(pool, second), [&](const std::exception_ptr&) { context.stop(); });
  context.poll();
  CHECK_FALSE(second);
  std::thread other{[&] { first.reset(); }};
  context.run();
  other.join();
  CHECK(second);
}

TEST_CASE("a cancelled wait neither keeps nor loses a block") {
  asio::io_context context;
  block_pool pool{1};
  block_handle first;
  block_handle second;
  block_handle third;
  asio::cancellation_signal signal;
  asio::co_spawn(context, keep(pool, first), asio::detached);
  bool ended = false;
  asio::co_spawn(context, keep(pool, second),
                 asio::bind_cancellation_slot(signal.slot(), [&](const std::exception_ptr&) { ended = true; }));
  asio::co_spawn(context, keep(pool, third), asio::detached);
  context.poll();
  REQUIRE(first);
  SECTION("cancelled while it waits") {
    signal.emit(asio::cancellation_type::terminal);
    first.reset();
  }
  SECTION("cancelled after it was granted") {
    first.reset();
    signal.emit(asio::cancellation_type::terminal);
  }
  context.poll();
  CHECK(ended);
  second.reset();
  context.poll();
  CHECK(third);
  third.reset();
  CHECK(pool.free_count() == 1);
}
