// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

namespace sluice::http {

/// Tells a slow source from a slow reader. Only time spent waiting for the source counts, so an import that is
/// throttled or paused by this service is never blamed on its source. Guarantee: a source that gives less than
/// `minimum` bytes per second over one whole window of waiting is found out at the end of that window.
class rate_floor {
 public:
  rate_floor(std::uint64_t minimum, std::chrono::nanoseconds window) : minimum_{minimum}, window_{window} {}

  /// One read that waited `waited` and gave `bytes`. False when the source is too slow.
  [[nodiscard]] bool account(std::chrono::nanoseconds waited, std::uint64_t bytes) noexcept {
    waited_ += waited;
    bytes_ += bytes;
    if (waited_ < window_)
      return true;
    const auto due = static_cast<double>(minimum_) * std::chrono::duration<double>{waited_}.count();
    const bool fast_enough = static_cast<double>(bytes_) >= due;
    waited_ = {};
    bytes_ = 0;
    return fast_enough;
  }

 private:
  std::uint64_t minimum_;
  std::chrono::nanoseconds window_;
  std::chrono::nanoseconds waited_{};
  std::uint64_t bytes_ = 0;
};

}  // namespace sluice::http
