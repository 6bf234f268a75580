// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/hostile/images/writer.hpp"

namespace sluice::tests::hostile {

/// An empty dynamic VDI of 10 MiB (VirtualBox VDICore.h).
inline image_bytes vdi_image() {
  image_bytes image(1024);
  put_text(image, 0, "<<< Oracle VM VirtualBox Disk Image >>>\n");
  put_little(image, 0x40, 4, 0xBEDA107F);
  put_little(image, 0x44, 4, 0x00010001);
  put_little(image, 0x48, 4, 0x180);
  put_little(image, 0x4C, 4, 1);
  put_little(image, 0x154, 4, 0x200);
  put_little(image, 0x158, 4, 0x400);
  put_little(image, 0x168, 4, 512);
  put_little(image, 0x170, 8, 10 << 20);
  put_little(image, 0x178, 4, 1 << 20);
  put_little(image, 0x180, 4, 10);
  for (std::size_t i = 0x200; i < 0x228; ++i)
    put_byte(image, i, 0xFF);
  return image;
}

}  // namespace sluice::tests::hostile
