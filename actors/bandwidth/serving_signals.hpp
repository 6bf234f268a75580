// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>

#include "actors/bandwidth/serving_pressure.hpp"

/// What serving feels, written by the loops that serve and read by the bandwidth supervisor: the only thing the two
/// share. Relaxed atomics throughout; no lock lies between serving and anything below it.
namespace sluice::actors {

/// Measurements of one kind between two looks.
class measurement {
 public:
  struct taken {
    std::uint64_t count = 0, sum = 0, largest = 0, smallest = 0, last = 0;
    [[nodiscard]] std::uint64_t mean() const noexcept { return count == 0 ? 0 : sum / count; }
  };

  void add(std::uint64_t value) noexcept {
    sum_.fetch_add(value, std::memory_order_relaxed);
    for (auto seen = largest_.load(std::memory_order_relaxed); seen < value;)
      if (largest_.compare_exchange_weak(seen, value, std::memory_order_relaxed))
        break;
    for (auto seen = smallest_.load(std::memory_order_relaxed); seen > value;)
      if (smallest_.compare_exchange_weak(seen, value, std::memory_order_relaxed))
        break;
    last_.store(value, std::memory_order_relaxed);
    count_.fetch_add(1, std::memory_order_relaxed);
  }
  /// Everything since the last call. What is added meanwhile falls to one side or the other, at worst in halves.
  [[nodiscard]] taken take() noexcept {
    taken all;
    all.count = count_.exchange(0, std::memory_order_relaxed);
    all.sum = sum_.exchange(0, std::memory_order_relaxed);
    all.largest = largest_.exchange(0, std::memory_order_relaxed);
    all.smallest = smallest_.exchange(none, std::memory_order_relaxed);
    all.last = last_.load(std::memory_order_relaxed);
    if (all.count == 0 || all.smallest == none)
      all.smallest = 0;
    return all;
  }
  /// As `take`, once there are so many; until then nothing, and they go on gathering.
  [[nodiscard]] taken take_once(std::uint64_t enough) noexcept {
    return count_.load(std::memory_order_relaxed) < enough ? taken{} : take();
  }

 private:
  static constexpr auto none = std::numeric_limits<std::uint64_t>::max();
  std::atomic<std::uint64_t> count_{0}, sum_{0}, largest_{0}, smallest_{none}, last_{0};
};

struct serving_signals {
  serving_pressure pressure;
  alignas(64) std::atomic<std::uint64_t> requests{0};  ///< for images and their records, since the start
  std::atomic<std::uint64_t> bytes{0};                 ///< of image answers, since the start
  std::atomic<std::uint32_t> segment{0};               ///< bytes of the largest TCP payload last seen; 0 = not yet

  std::atomic<std::uint64_t> usually_starved{0};  ///< as `starved`, while imports stand still: not their doing

  measurement starved;     ///< of a long answer: the share of time, in millionths, when its client waited for us
  measurement run_queue;   ///< of a serving loop: nanoseconds runnable and not running, per `look` of wall time
  measurement loop_lag;    ///< of a serving loop: nanoseconds that a timer was late beyond the loop's own work
  measurement round_trip;  ///< of some answers: nanoseconds of TCP's round trip above the smallest of its peer
  measurement disk;        ///< nanoseconds for 1 MiB of an image that was not in the page cache
  measurement commit;      ///< nanoseconds of one durable commit of records

  /// What `run_queue` is counted per.
  static constexpr std::uint64_t look = 5'000'000;
};

}  // namespace sluice::actors
