// SPDX-License-Identifier: Apache-2.0
#include "http/server/recent_round_trip.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace sluice::http {

std::optional<recent_round_trip::measured> recent_round_trip::since_last(std::uint32_t smoothed,
                                                                         std::uint32_t delivered) noexcept {
  const auto before = std::exchange(smoothed_, smoothed);
  const auto segments = delivered - std::exchange(delivered_, delivered);
  if (!std::exchange(looked_, true))
    return measured{smoothed, std::max<std::uint32_t>(segments, 1)};
  if (segments == 0)
    return std::nullopt;
  const auto kept = std::pow(7.0 / 8, segments);  // of `before`, if each segment was measured
  const auto latest = (smoothed - kept * before) / (1 - kept);
  return measured{static_cast<std::uint32_t>(std::clamp(latest, 0.0, 1e9)), segments};
}

std::optional<std::uint32_t> least_round_trip::gather(std::uint32_t excess, std::uint32_t segments) noexcept {
  if (segments < enough && excess >= held_back)
    excess -= held_back;
  least_ = segments_ == 0 ? excess : std::min(least_, excess);
  segments_ += std::min(segments, enough);
  if (segments_ < enough)
    return std::nullopt;
  segments_ = 0;
  return least_;
}

}  // namespace sluice::http
