// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/verification/structure/walk.hpp"

namespace sluice::actors::verification::structure {

/// Follows a VDI (VirtualBox VDICore.h, QEMU block/vdi.c): header and block map; each block is in the file, among those
/// the header counts, and used once.
[[nodiscard]] schemas::result<walk_findings> walk_vdi(image_bytes& image, const walk_policy& policy,
                                                      walk_budget& budget);

}  // namespace sluice::actors::verification::structure
