// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/hostile/images/vhdx.hpp"

namespace sluice::tests::hostile {

/// `vhdx_image` with all five items that the format requires: physical sectors of 512 bytes, an identity.
inline image_bytes sound_vhdx() {
  auto image = vhdx_image();
  put_vhdx_item(image, 3,
                {0xC7, 0x48, 0xA3, 0xCD, 0x5D, 0x44, 0x71, 0x44, 0x9C, 0xC9, 0xE9, 0x88, 0x52, 0x51, 0xC5, 0x56}, 24, 4,
                6);
  put_vhdx_item(image, 4,
                {0xAB, 0x12, 0xCA, 0xBE, 0xE6, 0xB2, 0x23, 0x45, 0x93, 0xEF, 0xC3, 0x09, 0xE0, 0x00, 0xC7, 0x46}, 32,
                16, 6);
  put_little(image, vhdx_places::items + 24, 4, 512);
  put_little(image, vhdx_places::items + 32, 8, 0x0123456789ABCDEF);
  return image;
}

/// Blocks 0 and 9 with data, at 4 and 5 MiB.
inline image_bytes vhdx_with_blocks() {
  auto image = sound_vhdx();
  image.resize(6 << 20, std::byte{0x5A});
  put_little(image, vhdx_places::block_table, 8, (4 << 20) | 6);
  put_little(image, vhdx_places::block_table + 9 * 8, 8, (5 << 20) | 6);
  return image;
}

}  // namespace sluice::tests::hostile
