// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "actors/pipeline/block_pool.hpp"
#include "tests/actors/pipeline/pipeline_fixture.hpp"

/// What the tests of the engines share: blocks of a pool, and word of those that come back.
namespace sluice::test {

/// Counts what lands, and lets a test wait for it.
class landing_count final : public actors::flight_observer {
 public:
  void flight_landed() noexcept override {
    const std::lock_guard guard{mutex_};
    ++landed_;
    changed_.notify_all();
  }
  void stage_failed(schemas::failure why) noexcept override {
    const std::lock_guard guard{mutex_};
    failures.push_back(std::move(why));
  }
  void wait_for(std::size_t count) {
    std::unique_lock lock{mutex_};
    REQUIRE(changed_.wait_for(lock, patience, [&] { return landed_ >= count; }));
  }
  std::vector<schemas::failure> failures;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t landed_ = 0;
};

inline actors::block_handle take(actors::block_pool& pool) {
  boost::asio::io_context context;
  actors::block_handle taken;
  const auto body = [&]() -> boost::asio::awaitable<void> { taken = co_await pool.acquire(); };
  boost::asio::co_spawn(context, body, boost::asio::detached);
  context.run();
  REQUIRE(taken);
  return taken;
}

}  // namespace sluice::test
