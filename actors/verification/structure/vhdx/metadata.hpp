// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/verification/formats/vhdx_tables.hpp"
#include "actors/verification/structure/walk.hpp"

namespace sluice::actors::verification::structure::vhdx {

/// Reads the metadata region ([MS-VHDX] section 2.6). Guarantees: what `read_vhdx_metadata_table` and `read_vhdx_disk`
/// do; besides, all five required items are there, none overlaps another, sectors are of 512 bytes.
[[nodiscard]] schemas::result<formats::vhdx_disk> read_metadata(image_bytes& image, walk_budget& budget,
                                                                const formats::vhdx_regions& regions);

}  // namespace sluice::actors::verification::structure::vhdx
