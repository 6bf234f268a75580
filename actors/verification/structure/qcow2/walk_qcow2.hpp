// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/verification/structure/walk.hpp"

namespace sluice::actors::verification::structure {

/// Follows a qcow2 image from its header to every cluster: nothing outside the file is named, every table and cluster
/// is in the file, aligned and used as one thing, reference counts cover all use, and all that is compressed
/// decompresses. Reads the tables once, never the guest's plain data.
[[nodiscard]] schemas::result<walk_findings> walk_qcow2(image_bytes& image, const walk_policy& policy,
                                                        walk_budget& budget);

}  // namespace sluice::actors::verification::structure
