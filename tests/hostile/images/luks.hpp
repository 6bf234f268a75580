// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/hostile/images/writer.hpp"

namespace sluice::tests::hostile {

/// A LUKS volume of version 1 with one active key slot and 1 MiB of payload (LUKS On-Disk Format Specification 1.2.3).
inline image_bytes luks_image() {
  image_bytes image((2 << 20) + (1 << 20));
  put_text(image, 0, "LUKS\xba\xbe");
  put_big(image, 6, 2, 1);
  put_text(image, 8, "aes");
  put_text(image, 40, "xts-plain64");
  put_text(image, 72, "sha256");
  put_big(image, 104, 4, 4096);
  put_big(image, 108, 4, 64);
  put_big(image, 164, 4, 1000);
  for (std::size_t slot = 0; slot < 8; ++slot) {
    const auto at = 208 + 48 * slot;
    put_big(image, at, 4, slot == 0 ? 0x00AC71F3 : 0x0000DEAD);
    put_big(image, at + 4, 4, slot == 0 ? 1000 : 0);
    put_big(image, at + 40, 4, 8 + slot * 504);
    put_big(image, at + 44, 4, 4000);
  }
  return image;
}

}  // namespace sluice::tests::hostile
