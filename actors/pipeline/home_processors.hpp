// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sched.h>
#include <sys/types.h>

#include <chrono>
#include <mutex>
#include <vector>

#include "actors/bandwidth/thread_times.hpp"

namespace sluice::actors {

/// Keeps each thread that works below serving on one processor.
///
/// The kernel moves threads about to even out processors, and one of the idle class hardly counts there: two of them
/// meet on one processor and leave the next to be woken up by serving, or serving's threads queue behind each other
/// while a processor holds nothing but one of these. At home two that only burn the processor are not felt
/// (bench/README.md has the figures).
///
/// A home may be taken by somebody else for long: another program, bound to that processor. Who gets next to nothing at
/// home for a look goes wherever there is room, and comes back to see after a while.
class home_processors {
 public:
  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds look_interval{250};  ///< a look is believed from this to four times this
  static constexpr std::chrono::seconds away{10};
  /// Places of the two that are one each: with two processors or more not the same one.
  static constexpr unsigned of_transfer = 0, of_store = 1;

  /// `stay` false: threads go where they like.
  explicit home_processors(bool stay = true);
  home_processors(const home_processors&) = delete;
  home_processors& operator=(const home_processors&) = delete;

  /// The calling thread is at home on one of the processors that this process might use when `this` was made, counted
  /// round from `place`. With a single one, or a kernel that refuses, it goes where it likes.
  void settle(unsigned place);

  /// From one thread at a time, now and then while there is work. A thread that has ended is passed over.
  void look(clock::time_point now);

  /// For how many the home is taken at the moment.
  [[nodiscard]] std::size_t evicted() const;

  /// Of a thread that was `running` and `waiting` so long within `passed`: is its home somebody else's?
  [[nodiscard]] static bool taken(std::chrono::nanoseconds passed, std::uint64_t running,
                                  std::uint64_t waiting) noexcept;

 private:
  struct resident {
    pid_t thread = 0;
    int home = 0;
    thread_watch watch;
    thread_times before{};
    bool out = false;
    clock::time_point out_since{};
  };
  void move(resident& one, bool out, clock::time_point now) const;

  cpu_set_t allowed_{};
  std::vector<int> homes_;
  mutable std::mutex mutex_;  ///< only threads below serving take it
  std::vector<resident> residents_;
  clock::time_point looked_at_{};
};

}  // namespace sluice::actors
