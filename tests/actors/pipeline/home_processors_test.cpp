// SPDX-License-Identifier: Apache-2.0
#include "actors/pipeline/home_processors.hpp"

#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <latch>
#include <thread>

#include "actors/pipeline/thread_class.hpp"

using namespace sluice::actors;
using namespace std::chrono_literals;

namespace {

cpu_set_t processors_of(pid_t thread) {
  cpu_set_t set;
  CPU_ZERO(&set);
  REQUIRE(::sched_getaffinity(thread, sizeof set, &set) == 0);
  return set;
}

bool same(const cpu_set_t& one, const cpu_set_t& other) {
  return CPU_EQUAL(&one, &other) != 0;
}

bool machine_has_several() {
  const auto all = processors_of(0);
  return CPU_COUNT(&all) > 1;
}

/// Where a thread finds itself after `settle`.
cpu_set_t settled(home_processors& homes, unsigned place) {
  cpu_set_t found;
  std::jthread{[&] {
    homes.settle(place);
    found = processors_of(0);
  }}.join();
  return found;
}

/// Wants the processor until its end.
class busy_thread {
 public:
  explicit busy_thread(std::function<void()> begin)
      : thread_{[this, begin = std::move(begin)](const std::stop_token& end) {
          id_ = ::gettid();
          begin();
          begun_.count_down();
          while (!end.stop_requested())
            turns_.fetch_add(1, std::memory_order_relaxed);
        }} {
    begun_.wait();
  }
  [[nodiscard]] pid_t id() const noexcept { return id_; }

 private:
  std::latch begun_{1};
  std::atomic<pid_t> id_{0};
  std::atomic<std::uint64_t> turns_{0};
  std::jthread thread_;
};

}  // namespace

TEST_CASE("a thread is at home on one processor, counted round") {
  if (!machine_has_several())
    return;
  const auto all = processors_of(0);
  home_processors homes;
  for (unsigned place = 0; place < 5; ++place) {
    const auto home = settled(homes, place);
    CHECK(CPU_COUNT(&home) == 1);
    cpu_set_t outside = home;
    CPU_AND(&outside, &home, &all);
    CHECK(same(outside, home));
    CHECK(same(home, settled(homes, place + static_cast<unsigned>(CPU_COUNT(&all)))));
    CHECK_FALSE(same(home, settled(homes, place + 1)));
  }
}

TEST_CASE("without homes threads go where they like") {
  home_processors nowhere{false};
  CHECK(same(settled(nowhere, 0), processors_of(0)));
}

TEST_CASE("a home is taken from who waits there and gets nothing, and from nobody else") {
  using home = home_processors;
  CHECK(home::taken(250ms, 0, 240'000'000));
  CHECK(home::taken(250ms, 10'000'000, 235'000'000));
  CHECK_FALSE(home::taken(250ms, 0, 0));                      // it slept
  CHECK_FALSE(home::taken(250ms, 20'000'000, 228'000'000));   // a twelfth is something
  CHECK_FALSE(home::taken(250ms, 100'000'000, 150'000'000));  // serving takes its part
  CHECK_FALSE(home::taken(250ms, 250'000'000, 0));
}

TEST_CASE("who is driven from home works elsewhere and comes back") {
  if (!machine_has_several())
    return;
  const auto all = processors_of(0);
  home_processors homes;
  home_processors others;
  const busy_thread low{[&] {
    homes.settle(0);
    lower_this_thread_to_idle();
  }};
  const auto home = processors_of(low.id());
  auto now = home_processors::clock::now();
  homes.look(now);
  const thread_watch watch{low.id()};
  {
    const busy_thread foreign{[&] { others.settle(0); }};
    const auto before = watch.times().value();
    homes.look(now += home_processors::look_interval);  // so that what comes is measured from here
    const auto deadline = home_processors::clock::now() + 30s;
    auto seen = before;
    while (seen.waiting - before.waiting < 300'000'000 && home_processors::clock::now() < deadline) {
      std::this_thread::yield();
      seen = watch.times().value();
    }
    REQUIRE(seen.waiting - before.waiting >= 300'000'000);
    homes.look(now += 310ms);
    CHECK(homes.evicted() == 1);
    CHECK(same(processors_of(low.id()), all));
  }
  homes.look(now += home_processors::away);
  CHECK(homes.evicted() == 0);
  CHECK(same(processors_of(low.id()), home));
}
