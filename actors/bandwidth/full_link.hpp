// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace sluice::actors {

/// What is known of a link that imports have filled, and how they ask it for more. Each time is felt by serving until
/// the queue has drained, so imports stay a little below where it was full, and the longer, the more often it was full
/// at the same rate: a link mostly stays what it is. Pure but for its own memory.
class full_link {
 public:
  using clock = std::chrono::steady_clock;

  /// Serving felt the queue while imports had `rate`; `capacity`: the most they have had, by which the way back takes
  /// as long for a wide machine as for a narrow one. Bytes per second.
  void was_full_at(clock::time_point now, double rate, double capacity);
  /// The queue is felt still, or again too soon to say more about where it begins.
  void is_full(clock::time_point now) noexcept { felt_ = now; }
  void forget() noexcept { *this = {}; }

  /// For ten seconds after it was last felt, and longer where imports rest.
  [[nodiscard]] bool known(clock::time_point now) const noexcept;
  /// Known, and full at the same rate more than once: good enough to be relied on where nobody could feel it.
  [[nodiscard]] bool confirmed(clock::time_point now) const noexcept;
  /// When `was_full_at` was last told.
  [[nodiscard]] clock::time_point learnt_at() const noexcept { return learnt_at_; }
  /// Where nothing queues yet.
  [[nodiscard]] double level() const noexcept;
  /// Of `rate`, the part from which on the way back is a patient one.
  static constexpr double safe = 0.7;

  /// What to ask for, so long after imports were at the safe part: up to `level` along CUBIC's curve (RFC 9438), there
  /// for 3 s, doubled at each confirmation up to 48 s, and on, slowly first.
  [[nodiscard]] double ask(clock::duration since) const noexcept;
  /// How long the way to `level` takes.
  [[nodiscard]] clock::duration way_back() const noexcept;

 private:
  double full_at_ = 0, capacity_ = 0;
  clock::duration rest_{};
  clock::time_point felt_{}, learnt_at_{};
};

}  // namespace sluice::actors
