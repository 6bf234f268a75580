// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/bandwidth/bandwidth_report.hpp"
#include "actors/bandwidth/serving_signals.hpp"
#include "actors/metrics/metrics.hpp"

namespace sluice::actors {

/// What is looked up when somebody asks, beside what was counted.
struct exposed_facts {
  std::optional<bandwidth_report> bandwidth;  ///< absent when its supervisor did not answer in time
  std::uint64_t blocks = 0;                   ///< of the memory that imports have
  std::uint64_t blocks_free = 0;
  std::uint64_t gate_waits = 0;             ///< since the start
  std::vector<std::string> checks;          ///< the names of the verifier's checks, in order
  std::uint64_t sandbox_keeper_starts = 0;  ///< more than 1: one has died
  std::uint64_t store_free = 0;             ///< bytes that imports may still take of the disk
};

/// The text format of Prometheus, version 0.0.4. Labels take values from fixed lists only (statuses, error codes,
/// classes of requests and of bandwidth, signals, configured checks): no id, no project, no host, so the number of
/// series has a bound.
[[nodiscard]] std::string exposition(const service_metrics& counted, const serving_signals& serving,
                                     const exposed_facts& facts);

inline constexpr std::string_view exposition_content_type = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace sluice::actors
