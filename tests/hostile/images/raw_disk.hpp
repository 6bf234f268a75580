// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/hostile/images/writer.hpp"

namespace sluice::tests::hostile {

/// One partition over all but the first sector, and the boot signature.
inline void put_mbr(image_bytes& image, std::uint64_t sectors, std::uint8_t type = 0x83) {
  if (image.size() < 512)
    image.resize(512);
  put_byte(image, 446, 0x80);
  put_byte(image, 450, type);
  put_little(image, 454, 4, 1);
  put_little(image, 458, 4, sectors - 1);
  put_byte(image, 510, 0x55);
  put_byte(image, 511, 0xAA);
}

inline image_bytes mbr_disk(std::size_t size = 1 << 20) {
  image_bytes image(size);
  put_mbr(image, size / 512);
  return image;
}

inline void seal_gpt_header(image_bytes& image, std::size_t at) {
  put_little(image, at + 16, 4, 0);
  put_little(image, at + 16, 4, slow_crc(image, at, 92, crc32_polynomial));
}

inline void put_gpt_header(image_bytes& image, std::uint64_t own, std::uint64_t other, std::uint64_t entries) {
  const std::size_t at = own * 512;
  const auto last = (image.size() / 512) - 34;
  put_text(image, at, "EFI PART");
  put_little(image, at + 8, 4, 0x00010000);
  put_little(image, at + 12, 4, 92);
  put_little(image, at + 24, 8, own);
  put_little(image, at + 32, 8, other);
  put_little(image, at + 40, 8, 34);
  put_little(image, at + 48, 8, last);
  put_little(image, at + 72, 8, entries);
  put_little(image, at + 80, 4, 128);
  put_little(image, at + 84, 4, 128);
  put_little(image, at + 88, 4, slow_crc(image, entries * 512, 128 * 128, crc32_polynomial));
  seal_gpt_header(image, at);
}

/// A GUID partition table with one partition (UEFI 2.10 section 5.3).
inline image_bytes gpt_disk(std::size_t size = 1 << 20) {
  image_bytes image(size);
  const auto sectors = size / 512;
  put_mbr(image, sectors, 0xEE);
  put_byte(image, 446, 0);
  for (const std::size_t table : {std::size_t{2}, sectors - 33}) {
    put_byte(image, table * 512, 0xAF);
    put_little(image, table * 512 + 32, 8, 40);
    put_little(image, table * 512 + 40, 8, 100);
  }
  put_gpt_header(image, 1, sectors - 1, 2);
  put_gpt_header(image, sectors - 1, 1, sectors - 33);
  return image;
}

}  // namespace sluice::tests::hostile
