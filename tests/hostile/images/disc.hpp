// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/hostile/images/writer.hpp"

namespace sluice::tests::hostile {

/// The volume descriptors of an ISO 9660 disc of `sectors` sectors of 2 KiB (ECMA-119 section 8.4), over what is there.
inline void put_iso(image_bytes& image, std::uint32_t sectors = 64) {
  if (image.size() < std::size_t{sectors} * 2048)
    image.resize(std::size_t{sectors} * 2048);
  constexpr std::size_t primary = 16 * 2048;
  put_byte(image, primary, 1);
  put_text(image, primary + 1, "CD001");
  put_byte(image, primary + 6, 1);
  const auto both = [&image](std::size_t at, std::size_t width, std::uint64_t value) {
    put_little(image, at, width, value);
    put_big(image, at + width, width, value);
  };
  both(primary + 80, 4, sectors);
  both(primary + 120, 2, 1);
  both(primary + 124, 2, 1);
  both(primary + 128, 2, 2048);
  both(primary + 132, 4, 10);
  put_byte(image, primary + 2048, 255);
  put_text(image, primary + 2049, "CD001");
  put_byte(image, primary + 2054, 1);
}

inline image_bytes iso_image() {
  image_bytes image;
  put_iso(image);
  return image;
}

}  // namespace sluice::tests::hostile
