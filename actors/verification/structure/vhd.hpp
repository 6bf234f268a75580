// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/verification/structure/walk.hpp"

namespace sluice::actors::verification::structure {

/// Follows a VHD (Microsoft, "Virtual Hard Disk Image Format Specification", 2006), fixed or dynamic.
///
/// Guarantees of a dynamic disk: both footers are one and the same, checksums right, no parent; every block of the
/// table with its sector bitmap is in the file before the footer, none overlaps another part; sectors that a bitmap
/// says were never written hold zeros, so that readers that look at the bitmap and those that do not see one disk. Of a
/// fixed disk: the footer's checksum and size. The virtual size is QEMU's.
[[nodiscard]] schemas::result<walk_findings> walk_vhd(image_bytes& image, const walk_policy& policy,
                                                      walk_budget& budget);

}  // namespace sluice::actors::verification::structure
