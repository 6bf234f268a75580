// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/verification/structure/walk.hpp"

namespace sluice::actors::verification::structure {

/// Follows a QED image (QEMU docs/interop/qed_spec): header, L1 table, L2 tables, data clusters; each aligned, wholly
/// in the file and used once.
[[nodiscard]] schemas::result<walk_findings> walk_qed(image_bytes& image, const walk_policy& policy,
                                                      walk_budget& budget);

}  // namespace sluice::actors::verification::structure
