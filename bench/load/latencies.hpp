// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

#include "bench/load/options.hpp"

namespace sluice::bench {

/// Latencies from 0 to hours in 60 KiB, whatever their number: buckets of equal width up to 256 ns, above that 256 to
/// each power of two, so that a quantile is wrong by at most 0.4 %.
class latencies {
 public:
  void add(nanoseconds latency) {
    const auto value = static_cast<std::uint64_t>(std::max<nanoseconds::rep>(latency.count(), 0));
    ++counts_[bucket(value)];
    ++total_;
    sum_ += static_cast<double>(value);
    largest_ = std::max(largest_, value);
  }

  [[nodiscard]] std::uint64_t count() const noexcept { return total_; }
  [[nodiscard]] double mean_ms() const noexcept { return total_ == 0 ? 0 : sum_ / static_cast<double>(total_) / 1e6; }
  [[nodiscard]] double largest_ms() const noexcept { return static_cast<double>(largest_) / 1e6; }

  /// The smallest latency that `share` (0 … 1) of all do not exceed; 0 without any.
  [[nodiscard]] double quantile_ms(double share) const noexcept {
    const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(total_)));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (counts_[i] != 0 && seen >= wanted)
        return std::min(middle(i), static_cast<double>(largest_)) / 1e6;
    }
    return largest_ms();
  }

 private:
  static constexpr unsigned fine_bits = 8;
  static constexpr std::uint64_t fine = 1U << fine_bits;

  static std::size_t bucket(std::uint64_t value) noexcept {
    if (value < fine)
      return static_cast<std::size_t>(value);
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - fine_bits - 1;
    const auto at = (static_cast<std::uint64_t>(shift) + 1) * fine + ((value >> shift) - fine);
    return static_cast<std::size_t>(std::min<std::uint64_t>(at, buckets - 1));
  }
  static double middle(std::size_t index) noexcept {
    if (index < fine)
      return static_cast<double>(index);
    const auto shift = static_cast<int>(index / fine) - 1;
    return std::ldexp(static_cast<double>(index % fine + fine) + 0.5, shift);
  }

  static constexpr std::size_t buckets = 36 * fine;
  std::array<std::uint32_t, buckets> counts_{};
  std::uint64_t total_ = 0, largest_ = 0;
  double sum_ = 0;
};

}  // namespace sluice::bench
