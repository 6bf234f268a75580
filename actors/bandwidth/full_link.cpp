// SPDX-License-Identifier: Apache-2.0
#include "actors/bandwidth/full_link.hpp"

#include <algorithm>
#include <cmath>

namespace sluice::actors {

namespace {

using namespace std::chrono_literals;
using seconds = std::chrono::duration<double>;

constexpr double below = 0.95;          ///< of where it was full: where imports stay
constexpr double same = 0.15;           ///< rates this close are one link's
constexpr auto plateau = 3s;            ///< from the safe part of the whole capacity to the level
constexpr auto first_rest = 3s;         ///< at the level, once confirmed …
constexpr auto longest_rest = 48s;      ///< … and at most
constexpr auto shortest_memory = 10s;   ///< of a link that was full once
constexpr double rests_remembered = 2;  ///< for longer than the next try takes

}  // namespace

void full_link::was_full_at(clock::time_point now, double rate, double capacity) {
  if (known(now) && std::abs(rate - full_at_) < same * full_at_)
    rest_ = std::clamp<clock::duration>(2 * rest_, first_rest, longest_rest);
  else
    rest_ = {};
  full_at_ = rate;
  capacity_ = std::max(rate, capacity);
  felt_ = learnt_at_ = now;
}

bool full_link::known(clock::time_point now) const noexcept {
  return felt_ != clock::time_point{} && now - felt_ < shortest_memory + rests_remembered * seconds{rest_};
}

bool full_link::confirmed(clock::time_point now) const noexcept {
  return rest_ > clock::duration{} && known(now);
}

double full_link::level() const noexcept {
  return below * full_at_;
}

full_link::clock::duration full_link::way_back() const noexcept {
  const auto part = capacity_ > 0 ? std::cbrt(full_at_ / capacity_) : 0.0;
  return std::chrono::duration_cast<clock::duration>(part * seconds{plateau});
}

double full_link::ask(clock::duration since) const noexcept {
  const auto from_level = since - way_back();
  const auto moving =
      seconds{std::min(from_level, clock::duration{}) + std::max(from_level - rest_, clock::duration{})};
  const auto steepness = (below - safe) * capacity_ / std::pow(seconds{plateau}.count(), 3);
  return level() + steepness * std::pow(moving.count(), 3);
}

}  // namespace sluice::actors
