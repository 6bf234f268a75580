// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/verification/structure/walk.hpp"

namespace sluice::actors::verification::structure {

/// A raw disk: its partition table followed to the end, and what is known of the filesystems in its partitions or on
/// the disk itself. What is in none of them is the guest's own and left alone; a remark says so.
[[nodiscard]] schemas::result<walk_findings> walk_raw(image_bytes& image, const walk_policy& policy,
                                                      walk_budget& budget);

/// Where a partition table makes the disk end before the file does: refused when the operator says so, else a remark.
[[nodiscard]] schemas::result<void> judge_trailing_bytes(std::uint64_t end, std::uint64_t total,
                                                         const walk_policy& policy, walk_findings& findings);

}  // namespace sluice::actors::verification::structure
