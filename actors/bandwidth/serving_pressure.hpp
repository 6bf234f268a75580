// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

namespace sluice::actors {

/// What serving is doing at this moment, on one cache line: raised and lowered by the loops that serve, read by
/// everything of lower priority between two blocks at the cost of one relaxed load.
struct alignas(64) serving_pressure {
  /// Answers in the server's own hands: ready, and not waiting for their client to take bytes. A slow client
  /// never counts, and a long transfer counts only for its first bytes.
  std::atomic<std::uint32_t> in_hand{0};
  /// Long transfers whose client would take more than it gets (TCP_INFO), and more than usual, as last looked at.
  std::atomic<std::uint32_t> starved{0};
  std::atomic<std::uint32_t> file_answers{0};  ///< image reads in progress, waiting ones included

  /// Serving wants the machine at this moment. Of a long transfer nobody knows that, only that it starved in the last
  /// 20 ms: that is for the governor of imports to answer.
  [[nodiscard]] bool wants() const noexcept { return in_hand.load(std::memory_order_relaxed) > 0; }
  /// Serving has not all that it could use.
  [[nodiscard]] bool is_short() const noexcept { return wants() || starved.load(std::memory_order_relaxed) > 0; }
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

}  // namespace sluice::actors
