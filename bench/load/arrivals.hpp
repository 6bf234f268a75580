// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <random>

#include "bench/load/options.hpp"

namespace sluice::bench {

/// When requests are due, whatever the server does: that is what makes the loop open. Poisson (exponential gaps) or
/// even; in bursts the same within busy phases, and nothing between them.
class arrivals {
 public:
  arrivals(const load_options& options, load_clock::time_point start)
      : options_{options}, random_{options.seed}, next_{start}, phase_end_{start} {
    if (options_.mode == load_mode::bursts)
      phase_end_ = start + between(options_.busy);
    step();
  }

  [[nodiscard]] load_clock::time_point next() const noexcept { return next_; }

  void step() {
    const auto gap =
        options_.poisson ? std::exponential_distribution<double>{options_.rate}(random_) : 1 / options_.rate;
    next_ += std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>{gap});
    while (options_.mode == load_mode::bursts && next_ >= phase_end_) {
      const auto quiet = between(options_.quiet);
      next_ += quiet;
      phase_end_ += quiet + between(options_.busy);
    }
  }

 private:
  nanoseconds between(const std::pair<nanoseconds, nanoseconds>& range) {
    return nanoseconds{
        std::uniform_int_distribution<nanoseconds::rep>{range.first.count(), range.second.count()}(random_)};
  }

  const load_options& options_;
  std::mt19937_64 random_;
  load_clock::time_point next_, phase_end_;
};

}  // namespace sluice::bench
