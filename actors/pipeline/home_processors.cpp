// SPDX-License-Identifier: Apache-2.0
#include "actors/pipeline/home_processors.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

namespace sluice::actors {

home_processors::home_processors(bool stay) {
  CPU_ZERO(&allowed_);
  if (!stay || ::sched_getaffinity(0, sizeof allowed_, &allowed_) != 0)
    return;
  for (int processor = 0; processor < CPU_SETSIZE; ++processor)
    if (CPU_ISSET(processor, &allowed_))
      homes_.push_back(processor);
}

void home_processors::settle(unsigned place) {
  if (homes_.size() < 2)
    return;
  const auto thread = ::gettid();
  resident one;
  one.thread = thread;
  one.home = homes_[place % homes_.size()];
  one.watch = thread_watch{thread};
  move(one, false, {});
  const std::lock_guard guard{mutex_};
  residents_.push_back(std::move(one));
}

bool home_processors::taken(std::chrono::nanoseconds passed, std::uint64_t running, std::uint64_t waiting) noexcept {
  const auto whole = static_cast<double>(passed.count());
  return static_cast<double>(waiting) > 0.9 * whole && static_cast<double>(running) < 0.05 * whole;
}

void home_processors::look(clock::time_point now) {
  const std::lock_guard guard{mutex_};
  const auto passed = now - looked_at_;
  if (passed < look_interval)
    return;
  looked_at_ = now;
  const bool believed = passed <= 4 * look_interval;
  for (auto& one : residents_) {
    const auto times = one.watch.times();
    if (!times)
      continue;
    const auto before = std::exchange(one.before, *times);
    if (one.out && now - one.out_since >= away)
      move(one, false, now);
    else if (!one.out && believed && taken(passed, times->running - before.running, times->waiting - before.waiting))
      move(one, true, now);
  }
}

void home_processors::move(resident& one, bool out, clock::time_point now) const {
  one.out = out;
  one.out_since = now;
  auto where = allowed_;
  if (!out) {
    CPU_ZERO(&where);
    CPU_SET(one.home, &where);
  }
  if (::sched_setaffinity(one.thread, sizeof where, &where) != 0)
    spdlog::debug("pipeline: thread {} keeps its processors", one.thread);
}

std::size_t home_processors::evicted() const {
  const std::lock_guard guard{mutex_};
  return static_cast<std::size_t>(std::ranges::count_if(residents_, [](const resident& one) { return one.out; }));
}

}  // namespace sluice::actors
