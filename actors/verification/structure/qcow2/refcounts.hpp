// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/verification/structure/qcow2/cluster_use.hpp"
#include "actors/verification/structure/qcow2/header.hpp"

namespace sluice::actors::verification::structure::qcow2 {

/// Claims the refcount table and every refcount block.
[[nodiscard]] schemas::result<void> claim_refcounts(image_bytes& image, const header& fields, cluster_use& use,
                                                    walk_budget& budget);

/// Compares what the image counts with the users found, after everything was claimed: a cluster that has more users
/// than counted would be written over by the next allocation, and is refused; one with fewer is a leak, which costs
/// space and harms nobody. The flags of the active tables must agree with the counts as well.
[[nodiscard]] schemas::result<void> compare_refcounts(image_bytes& image, const header& fields, const cluster_use& use,
                                                      walk_budget& budget);

}  // namespace sluice::actors::verification::structure::qcow2
