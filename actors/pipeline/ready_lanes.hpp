// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

namespace sluice::actors {

class digest_stream;

/// A lane that has a block to look at.
struct ready_lane {
  std::shared_ptr<digest_stream> stream;
  std::size_t index = 0;
  bool groupable = false;    ///< may be fed together with others
  std::uint64_t ticket = 0;  ///< its place in the order
};

/// How many of the groupable lanes that are ready a thread takes at once: one while grouping would not pay, else as
/// many as fill half a vector or a whole one. `others_wait`: there is a thread without work, so that two halves
/// end sooner.
[[nodiscard]] std::size_t lanes_for_a_turn(std::size_t groupable, bool others_wait) noexcept;

/// Lanes in the order in which they became ready; one turn takes the first and those that go together with it. It never
/// waits for a group to fill: while a thread works, the lanes for its next turn gather.
class ready_lanes {
 public:
  [[nodiscard]] bool empty() const noexcept { return single_.empty() && groupable_.empty(); }
  void push(ready_lane lane);
  /// Before all that were pushed later than it was: a lane whose turn was cut short keeps its place.
  void push_again(ready_lane lane);
  /// Appends the lanes of one turn, at least one. Not when empty.
  void take_turn(std::vector<ready_lane>& into, bool others_wait);

 private:
  std::deque<ready_lane> single_;
  std::deque<ready_lane> groupable_;
  std::uint64_t next_ticket_ = 0;
};

}  // namespace sluice::actors
