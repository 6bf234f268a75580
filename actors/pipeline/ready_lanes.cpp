// SPDX-License-Identifier: Apache-2.0
#include "actors/pipeline/ready_lanes.hpp"

#include <algorithm>
#include <utility>

#include "actors/pipeline/grouped_digest.hpp"

namespace sluice::actors {

std::size_t lanes_for_a_turn(std::size_t groupable, bool others_wait) noexcept {
  if (groupable < group_least)
    return 1;
  if (groupable >= group_most && !others_wait)
    return group_most;
  return std::min(groupable, group_half);
}

void ready_lanes::push(ready_lane lane) {
  lane.ticket = next_ticket_++;
  auto& queue = lane.groupable ? groupable_ : single_;
  queue.push_back(std::move(lane));
}

void ready_lanes::push_again(ready_lane lane) {
  auto& queue = lane.groupable ? groupable_ : single_;
  const auto place =
      std::upper_bound(queue.begin(), queue.end(), lane.ticket,
                       [](std::uint64_t ticket, const ready_lane& other) { return ticket < other.ticket; });
  queue.insert(place, std::move(lane));
}

void ready_lanes::take_turn(std::vector<ready_lane>& into, bool others_wait) {
  const auto grouping = !groupable_.empty() && (single_.empty() || groupable_.front().ticket < single_.front().ticket);
  auto& queue = grouping ? groupable_ : single_;
  for (auto count = grouping ? lanes_for_a_turn(queue.size(), others_wait) : 1; count > 0; --count) {
    into.push_back(std::move(queue.front()));
    queue.pop_front();
  }
}

}  // namespace sluice::actors
