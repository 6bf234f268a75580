// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/verification/structure/walk.hpp"

namespace sluice::actors::verification::structure {

/// Follows a VHDX ([MS-VHDX], "Virtual Hard Disk v2 (VHDX) File Format").
///
/// Guarantees: a current header, both region tables whole and equal, all five required items of the metadata apart and
/// within it; no parent, no log to replay; every entry of the block table in a state that a disk without a parent may
/// have; every block in the file, aligned to 1 MiB, overlapping nothing. Disks with logical sectors of 4096 bytes are
/// refused: QEMU shows them with the wrong size and content.
[[nodiscard]] schemas::result<walk_findings> walk_vhdx(image_bytes& image, const walk_policy& policy,
                                                       walk_budget& budget);

}  // namespace sluice::actors::verification::structure
