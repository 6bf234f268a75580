// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/verification/structure/qcow2/cluster_use.hpp"
#include "actors/verification/structure/qcow2/header.hpp"

namespace sluice::actors::verification::structure::qcow2 {

/// Follows the persistent bitmaps, if the header says that they are consistent with the image: directory, tables and
/// bits. A bitmap in use (not saved properly) may have any length; its place in the file must be sound all the same.
[[nodiscard]] schemas::result<void> claim_bitmaps(image_bytes& image, const header& fields, cluster_use& use,
                                                  walk_budget& budget);

}  // namespace sluice::actors::verification::structure::qcow2
