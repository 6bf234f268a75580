// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bench/load/latencies.hpp"
#include "bench/load/options.hpp"

namespace sluice::bench {

/// What happened, in memory that does not grow with the number of requests: one histogram for all, one for the slice of
/// time that is going on, and a row for each slice that is over.
class load_report {
 public:
  load_report(const load_options& options, load_clock::time_point start) : options_{options}, start_{start} {}

  void completed(load_clock::time_point now, nanoseconds latency);
  /// A failure with its name. One that took long counts in the latencies as well, for at least so long did it take.
  void failed(load_clock::time_point now, const std::string& why, std::optional<nanoseconds> waited = {});
  void received(load_clock::time_point now, std::uint64_t bytes);
  void offered() noexcept { ++offered_; }

  /// One line of JSON. `end` is when the load ended (rates are over start … end).
  [[nodiscard]] std::string to_json(load_clock::time_point end, bool real_time);

 private:
  struct slice {
    std::uint64_t completed = 0, failed = 0, bytes = 0;
    double p50_ms = 0, p99_ms = 0, max_ms = 0;
  };

  void move_to(load_clock::time_point now);
  void close_slice();

  const load_options& options_;
  const load_clock::time_point start_;
  latencies all_, current_;
  slice open_;
  std::vector<slice> slices_;
  std::uint64_t offered_ = 0, completed_ = 0, failed_ = 0, bytes_ = 0;
  std::map<std::string, std::uint64_t> errors_;
};

}  // namespace sluice::bench
