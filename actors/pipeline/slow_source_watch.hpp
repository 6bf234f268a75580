// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

namespace sluice::actors {

/// Finds the source that drips: never silent for long enough to be stalled, never fast enough to end. Only time in
/// which we waited for the source counts; an import that is held back by our own limits is not its fault.
class slow_source_watch {
 public:
  /// `minimum_rate` in bytes per second, 0 = any rate will do.
  slow_source_watch(std::chrono::milliseconds window, std::uint64_t minimum_rate)
      : window_{window}, minimum_rate_{static_cast<double>(minimum_rate)} {}

  /// True when the source gave less than the minimum over a whole window of waiting.
  [[nodiscard]] bool too_slow(std::chrono::steady_clock::duration waited, std::uint64_t bytes) noexcept {
    waited_ += waited;
    bytes_ += bytes;
    if (waited_ < window_)
      return false;
    const auto least = minimum_rate_ * std::chrono::duration<double>{waited_}.count();
    const auto verdict = static_cast<double>(bytes_) < least;
    waited_ = {};
    bytes_ = 0;
    return verdict;
  }

 private:
  std::chrono::steady_clock::duration window_;
  double minimum_rate_;
  std::chrono::steady_clock::duration waited_{};
  std::uint64_t bytes_ = 0;
};

}  // namespace sluice::actors
