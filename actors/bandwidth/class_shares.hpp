// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "actors/bandwidth/allocation.hpp"

namespace sluice::actors {

/// One class of traffic on the node: what is kept for it, how it shares the rest, and what it never exceeds.
struct traffic_class {
  std::string name;
  std::uint64_t reservation = 0;  ///< bytes per second kept for it, as far as it wants them
  double weight = 1;              ///< of what the reservations leave; kept within 0.001 … 1000
  std::uint64_t limit = 0;        ///< bytes per second; 0 = none
  std::uint64_t demand = 0;       ///< bytes per second it could use; `unlimited_rate` when any
};

/// The top of the tree (mClock's three tags, as a fluid): first every class gets its reservation as far as it wants it,
/// in the order given when they exceed the capacity together; then the rest is shared by weight, max-min. Never more
/// than `capacity`, nobody above limit or demand, and nothing left that a class could still use. One rate a class; with
/// capacity `unlimited_rate` everybody gets the smaller of demand and limit. Pure; O(classes²).
[[nodiscard]] std::vector<std::uint64_t> share_between_classes(std::uint64_t capacity,
                                                               const std::vector<traffic_class>& classes);

}  // namespace sluice::actors
