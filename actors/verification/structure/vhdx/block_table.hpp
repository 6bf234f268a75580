// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/verification/formats/vhdx_tables.hpp"
#include "actors/verification/structure/file_map.hpp"
#include "actors/verification/structure/image_bytes.hpp"

namespace sluice::actors::verification::structure::vhdx {

/// Follows the block allocation table ([MS-VHDX] section 2.5) of a disk without a parent and claims its blocks in
/// `map`. Guarantees: states that such a disk may have; blocks in the file, each used once, on nothing else. Returns
/// how many bytes of the disk have a block.
[[nodiscard]] schemas::result<std::uint64_t> follow_block_table(image_bytes& image, walk_budget& budget, file_map& map,
                                                                const formats::vhdx_region& table,
                                                                const formats::vhdx_disk& disk);

}  // namespace sluice::actors::verification::structure::vhdx
