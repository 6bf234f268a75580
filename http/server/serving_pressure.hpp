// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

namespace sluice::http {

/// How many requests are in the server's own hands at this moment: read completely, and not waiting for their client
/// to take bytes. Zero means that serving needs nothing. Work of lower priority may read it between two blocks at the
/// cost of one relaxed load; a slow client never counts.
struct alignas(64) serving_pressure {
  std::atomic<std::uint32_t> in_hand{0};
  std::atomic<std::uint32_t> file_answers{0};  ///< image reads in progress, waiting ones included
};

/// Counts one request while it is in hand; `release` while it waits for its client, `take` when it goes on.
class in_hand_guard {
 public:
  explicit in_hand_guard(serving_pressure& pressure) noexcept : pressure_{pressure} { take(); }
  in_hand_guard(const in_hand_guard&) = delete;
  in_hand_guard& operator=(const in_hand_guard&) = delete;
  ~in_hand_guard() { release(); }

  void take() noexcept {
    if (!taken_)
      pressure_.in_hand.fetch_add(1, std::memory_order_relaxed);
    taken_ = true;
  }
  void release() noexcept {
    if (taken_)
      pressure_.in_hand.fetch_sub(1, std::memory_order_relaxed);
    taken_ = false;
  }

 private:
  serving_pressure& pressure_;
  bool taken_ = false;
};

}  // namespace sluice::http
