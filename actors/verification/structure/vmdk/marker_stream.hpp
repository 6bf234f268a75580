// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/verification/structure/vmdk/grain_tables.hpp"

namespace sluice::actors::verification::structure::vmdk {

/// Passes a stream-optimised disk from its first marker to its footer, as a reader does that cannot seek, so that both
/// ways of reading the file see one disk. Guarantees: every marker is of a known kind and follows the one before; the
/// tables name every grain that the stream has, and `grains` in all; the directory is where the footer says; the
/// footer, then the end marker, are last.
[[nodiscard]] schemas::result<void> follow_markers(image_bytes& image, walk_budget& budget,
                                                   const formats::vmdk_header& footer, std::uint64_t first_sector,
                                                   std::uint64_t grains, grain_tables& tables);

}  // namespace sluice::actors::verification::structure::vmdk
