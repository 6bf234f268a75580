// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/verification/structure/walk.hpp"

/// The three parts of an Amazon image.
namespace sluice::actors::verification::structure {

/// A machine image: a raw disk by another name.
[[nodiscard]] schemas::result<walk_findings> walk_ami(image_bytes& image, const walk_policy& policy,
                                                      walk_budget& budget);
/// A kernel: no shorter than its header says, where it is a Linux kernel for x86; others are only known by their mark.
[[nodiscard]] schemas::result<walk_findings> walk_aki(image_bytes& image, const walk_policy& policy,
                                                      walk_budget& budget);
/// A ramdisk: a filesystem, or an archive that the kernel unpacks and nobody else looks into.
[[nodiscard]] schemas::result<walk_findings> walk_ari(image_bytes& image, const walk_policy& policy,
                                                      walk_budget& budget);

}  // namespace sluice::actors::verification::structure
