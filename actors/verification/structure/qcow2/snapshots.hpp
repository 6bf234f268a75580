// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "actors/verification/structure/qcow2/cluster_use.hpp"
#include "actors/verification/structure/qcow2/guest_tables.hpp"
#include "actors/verification/structure/qcow2/header.hpp"

namespace sluice::actors::verification::structure::qcow2 {

/// Reads the snapshot table, claims it and the L1 table of every snapshot; in the order of the table.
[[nodiscard]] schemas::result<std::vector<l1_table>> claim_snapshots(image_bytes& image, const header& fields,
                                                                     cluster_use& use, walk_budget& budget);

}  // namespace sluice::actors::verification::structure::qcow2
