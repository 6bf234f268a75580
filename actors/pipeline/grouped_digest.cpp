// SPDX-License-Identifier: Apache-2.0
#include "actors/pipeline/grouped_digest.hpp"

#include <algorithm>
#include <array>
#include <cassert>

namespace sluice::actors {

void update_together(std::span<const grouped_part> members) noexcept {
  assert(members.size() <= group_most);
  constexpr auto step = paired_digest::step;
  std::array<grouped_part, group_most> active;
  std::size_t count = 0;
  for (auto member : members) {
    // Only whole steps go together: first what completes the step that the last update left unfinished.
    const auto completing = std::min(member.bytes.size(), (step - member.digest->rest_size_) % step);
    member.digest->update(member.bytes.first(completing));
    member.bytes = member.bytes.subspan(completing);
    active[count++] = member;
  }
  for (;;) {
    const auto end = std::partition(active.begin(), active.begin() + count,
                                    [](const grouped_part& member) { return member.bytes.size() >= step; });
    std::for_each(end, active.begin() + count, [](const grouped_part& member) { member.digest->update(member.bytes); });
    count = static_cast<std::size_t>(end - active.begin());
    if (count < group_least)
      break;
    std::array<paired_state*, group_most> states{};
    std::array<const std::uint8_t*, group_most> from{};
    auto common = active[0].bytes.size();
    for (std::size_t index = 0; index < count; ++index) {
      states[index] = &active[index].digest->state_;
      from[index] = reinterpret_cast<const std::uint8_t*>(active[index].bytes.data());
      common = std::min(common, active[index].bytes.size());
    }
    common -= common % step;
    grouped_blocks_avx512(states.data(), from.data(), count, common / step);
    for (std::size_t index = 0; index < count; ++index) {
      active[index].digest->length_ += common;
      active[index].bytes = active[index].bytes.subspan(common);
    }
  }
  for (std::size_t index = 0; index < count; ++index)
    active[index].digest->update(active[index].bytes);
}

}  // namespace sluice::actors
