// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

namespace sluice::actors {

/// When to try a source again: exponential back-off with full jitter, so that many imports that lost the same source
/// do not come back together, and never sooner than the source asked, as far as it asked for something sensible.
struct retry_policy {
  std::uint32_t most = 5;  ///< attempts in a row that brought no byte
  std::chrono::milliseconds base{500};
  std::chrono::milliseconds cap{30'000};
  std::chrono::seconds longest_asked{60};

  /// `attempt` counts from 1.
  template <class Generator>
  [[nodiscard]] std::chrono::milliseconds delay(std::uint32_t attempt, std::optional<std::chrono::seconds> asked,
                                                Generator& random) const {
    const auto doublings = std::min<std::uint32_t>(attempt - 1, 20);
    const auto ceiling = std::min<std::int64_t>(cap.count(), base.count() << doublings);
    std::uniform_int_distribution<std::int64_t> jitter{0, ceiling};
    const std::chrono::milliseconds drawn{jitter(random)};
    const std::chrono::milliseconds least = std::min(asked.value_or(std::chrono::seconds{0}), longest_asked);
    return std::max(drawn, least);
  }
};

}  // namespace sluice::actors
