// SPDX-License-Identifier: Apache-2.0
#include "actors/bandwidth/project_balance.hpp"

#include <algorithm>

namespace sluice::actors {

namespace {

constexpr double uneven = 1.25;          // above the least by so much: held
constexpr double headroom = 1.1;         // of the ceiling above the least, so that chance does not drag everybody down
constexpr double approach = 0.1;         // of the way to the wanted ceiling, each look: rates are seen late
constexpr double unused = 0.9;           // of the ceiling: who takes less and does not wait is let go
constexpr double held_elsewhere = 0.25;  // of the ceiling: who waits and takes less waits for something else
constexpr double most_price = 0.5;       // of what the machine did before
constexpr double growth = 1.05;          // a look while those below wait for something else
constexpr double growth_alone = 1.25;    // … while there is nobody below

}  // namespace

void project_balance::release(const std::vector<project_use>& uses) {
  std::erase_if(held_, [&](const auto& one) {
    const auto found =
        std::find_if(uses.begin(), uses.end(), [&](const auto& use) { return use.project_id == one.first; });
    if (found == uses.end())
      return true;
    return level(*found) < (found->waits_for_share ? held_elsewhere : unused) * ceiling_;
  });
}

double project_balance::least_ceiling(const std::vector<project_use>& uses) const {
  double others = 0, weights = 0;
  for (const auto& use : uses)
    if (holds(use))
      weights += use.weight;
    else
      others += use.rate;
  return (most_price * unheld_rate_ - others) / weights;
}

void project_balance::look(const std::vector<project_use>& uses) {
  release(uses);
  const bool alone = held_.size() == uses.size();
  if (held_.empty()) {
    unheld_rate_ = 0;
    for (const auto& use : uses)
      unheld_rate_ += use.rate;
  }
  std::optional<double> least;
  for (const auto& use : uses)
    if (use.short_of_machine && !holds(use))
      least = std::min(least.value_or(level(use)), level(use));
  if (!least) {
    ceiling_ *= alone ? growth_alone : growth;
    return;
  }
  const bool begins = held_.empty();
  for (const auto& use : uses) {
    if (!holds(use) && level(use) <= uneven * *least)
      continue;
    if (begins)
      ceiling_ = std::max(held_.empty() ? 0 : ceiling_, level(use));
    held_[use.project_id] = use.weight;
  }
  if (!held_.empty())
    ceiling_ += approach * (std::max(headroom * *least, least_ceiling(uses)) - ceiling_);
}

std::optional<std::uint64_t> project_balance::cap_of(const std::string& project_id) const {
  const auto found = held_.find(project_id);
  if (found == held_.end())
    return std::nullopt;
  return std::max<std::uint64_t>(static_cast<std::uint64_t>(ceiling_ * found->second), 1);
}

}  // namespace sluice::actors
