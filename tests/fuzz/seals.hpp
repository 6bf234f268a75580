// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/fuzz/outline.hpp"

namespace sluice::tests::fuzz {

/// Makes every checksum right that the image's formats carry, wherever their magic stands: GPT, VHD, VHDX, LUKS2, UDF,
/// El Torito, tar, ext4, XFS, btrfs, exFAT. Otherwise no mutation would get past the first of them.
void seal(outline& image);

}  // namespace sluice::tests::fuzz
