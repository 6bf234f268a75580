// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::actors {

/// One import that wants bandwidth.
struct bandwidth_claim {
  std::string project_id;
  std::string source_host;
  std::uint64_t demand = 0;  ///< bytes per second it could use; `unlimited_rate` when it could use any
};

struct project_share {
  std::string project_id;
  double weight = 1.0;    ///< kept within 0.001 … 1000
  std::uint64_t max = 0;  ///< bytes per second; 0 = `per_project_max` holds for it too
};

/// Caps in bytes per second; 0 = none.
struct bandwidth_limits {
  std::uint64_t import_max = 0;
  std::uint64_t per_project_max = 0;
  std::uint64_t per_import_max = 0;
  std::uint64_t per_source_host_max = 0;
  std::vector<project_share> projects;  ///< overrides
};

inline constexpr std::uint64_t unlimited_rate = ~std::uint64_t{0};

/// Shares the limits out: weighted max-min fair between projects, then max-min between the imports of a project, no cap
/// ever exceeded, and nothing left over that a claim could still use (work-conserving). One rate a claim, in
/// the order given; `unlimited_rate` where no cap applies. Pure, deterministic, O(claims²) at worst.
///
/// It fills all imports at once like communicating vessels: a project's level rises at a speed of its weight, shared by
/// those of its imports that may still grow. When a limit is reached (the claim's own, its project's, its source
/// host's, the node's), the imports under that limit stop and the others go on.
[[nodiscard]] std::vector<std::uint64_t> allocate(const bandwidth_limits& limits,
                                                  const std::vector<bandwidth_claim>& claims);

}  // namespace sluice::actors
