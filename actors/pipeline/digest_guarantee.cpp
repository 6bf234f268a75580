// SPDX-License-Identifier: Apache-2.0
// The part of the digest engine that sees to the least when the threads of the idle class get no processor.
#include <sched.h>

#include <spdlog/spdlog.h>

#include "actors/pipeline/digest_engine.hpp"
#include "actors/pipeline/starvation_watch.hpp"
#include "actors/pipeline/thread_class.hpp"

namespace sluice::actors {

namespace {

constexpr int guarantee_niceness = 10;
constexpr std::chrono::milliseconds look{250};  ///< between two looks at how the others fare
constexpr int rest_to_work = 19;                ///< at most a twentieth of one core

}  // namespace

void digest_engine::probe() const noexcept {
  // Asks for the processor as one of the idle class, and holds no block meanwhile: what it gets is what they would get.
  while (starved_.load(std::memory_order_relaxed))
    sched_yield();
}

bool digest_engine::look_after(starvation_watch& watch) {
  starvation_watch::observation seen;
  seen.has_work = scheduled_ > 0;
  seen.serving_is_short = gate_.serving_is_short();
  for (auto& thread : threads_)
    seen.processor_time += processor_time(thread.native_handle());
  const auto starve = watch.observe(std::chrono::steady_clock::now(), seen);
  if (starved_.exchange(starve) != starve) {
    spdlog::info("pipeline: digest threads {}",
                 starve ? "get no processor; one of the normal class goes on slowly" : "get the processor again");
    work_arrived_.notify_all();
  }
  return starve && !seen.serving_is_short;
}

void digest_engine::guarantee() {
  name_this_thread("digest-least");
  lower_this_thread_by(guarantee_niceness);
  const auto ends = [this] { return guarantee_ends_; };
  starvation_watch watch;
  turn mine;
  std::unique_lock lock{mutex_};
  while (!guarantee_ends_) {
    if (scheduled_ == 0 && !starved_) {
      guarantee_rests_ = true;
      guarantee_wakes_.wait(lock, [this] { return guarantee_ends_ || !guarantee_rests_; });
      watch = starvation_watch{};  // time without work counts for nothing
    }
    if (!look_after(watch)) {
      guarantee_wakes_.wait_for(lock, look, ends);
    } else if (ready_.empty()) {
      guarantee_wakes_.wait_for(lock, look, [this] { return guarantee_ends_ || !ready_.empty(); });
    } else {
      const auto before = processor_time(pthread_self());
      take(mine);
      lock.unlock();
      run(mine);
      lock.lock();
      put_back(mine);
      guarantee_wakes_.wait_for(lock, rest_to_work * (processor_time(pthread_self()) - before), ends);
    }
  }
  starved_ = false;
  work_arrived_.notify_all();
}

}  // namespace sluice::actors
