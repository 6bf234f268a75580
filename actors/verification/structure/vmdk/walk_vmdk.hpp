// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/verification/structure/walk.hpp"

namespace sluice::actors::verification::structure {

/// Follows a VMDK in one sparse file (VMware, "Virtual Disk Format 5.0"), monolithicSparse or streamOptimized.
///
/// Guarantees: header, footer and descriptor agree and name no other file; the directories' tables and the tables'
/// grains are in the file, none used twice, none overlapping another part; the redundant directory and its tables,
/// where there are some, say the same as the primary ones; compressed grains say where they belong and really
/// decompress to one grain; a stream's markers lead from its first grain to its footer and pass every grain that the
/// tables name.
[[nodiscard]] schemas::result<walk_findings> walk_vmdk(image_bytes& image, const walk_policy& policy,
                                                       walk_budget& budget);

}  // namespace sluice::actors::verification::structure
