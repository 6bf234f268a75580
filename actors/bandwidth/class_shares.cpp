// SPDX-License-Identifier: Apache-2.0
#include "actors/bandwidth/class_shares.hpp"

#include <algorithm>
#include <cmath>

namespace sluice::actors {

namespace {

std::uint64_t most_of(const traffic_class& one) {
  return one.limit == 0 ? one.demand : std::min(one.demand, one.limit);
}

double weight_of(const traffic_class& one) {
  return std::isfinite(one.weight) ? std::clamp(one.weight, 0.001, 1000.0) : 1.0;
}

}  // namespace

std::vector<std::uint64_t> share_between_classes(std::uint64_t capacity, const std::vector<traffic_class>& classes) {
  std::vector<std::uint64_t> rates;
  rates.reserve(classes.size());
  if (capacity == unlimited_rate) {
    for (const auto& one : classes)
      rates.push_back(most_of(one));
    return rates;
  }
  auto left = capacity;
  for (const auto& one : classes) {
    rates.push_back(std::min({left, one.reservation, most_of(one)}));
    left -= rates.back();
  }
  // Each round fills at least one class to its brim, or spends everything.
  std::vector<bool> full(classes.size(), false);
  for (auto open = classes.size(); open > 0 && left > 0;) {
    double weights = 0;
    for (std::size_t i = 0; i < classes.size(); ++i)
      if (!full[i])
        weights += weight_of(classes[i]);
    const auto to_share = left;
    bool filled = false;
    for (std::size_t i = 0; i < classes.size(); ++i) {
      if (full[i])
        continue;
      const auto share = static_cast<double>(to_share) * weight_of(classes[i]) / weights;
      const auto room = most_of(classes[i]) - rates[i];
      if (static_cast<double>(room) > share)
        continue;
      rates[i] += std::min(room, left);
      left -= std::min(room, left);
      full[i] = true;
      filled = true;
      --open;
    }
    if (filled)
      continue;
    for (std::size_t i = 0; i < classes.size(); ++i)
      if (!full[i]) {
        const auto share = static_cast<double>(to_share) * weight_of(classes[i]) / weights;
        const auto whole = std::min(left, static_cast<std::uint64_t>(share));
        rates[i] += whole;
        left -= whole;
      }
    break;
  }
  return rates;
}

}  // namespace sluice::actors
