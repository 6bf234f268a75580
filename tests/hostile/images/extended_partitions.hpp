// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/hostile/images/writer.hpp"

namespace sluice::tests::hostile {

inline void put_partition(image_bytes& image, std::size_t sector, std::size_t entry, std::uint8_t type,
                          std::uint64_t start, std::uint64_t length) {
  const auto at = sector * 512 + 446 + 16 * entry;
  put_byte(image, at + 4, type);
  put_little(image, at + 8, 4, start);
  put_little(image, at + 12, 4, length);
  put_byte(image, sector * 512 + 510, 0x55);
  put_byte(image, sector * 512 + 511, 0xAA);
}

/// A disk of 1 MiB: a primary partition from sector 64, and from 256 an extended one with two logical partitions, whose
/// records are at 256 and 512.
inline image_bytes extended_disk() {
  image_bytes image(1 << 20);
  put_partition(image, 0, 0, 0x83, 64, 64);
  put_partition(image, 0, 1, 0x05, 256, 1024);
  put_partition(image, 256, 0, 0x83, 8, 100);
  put_partition(image, 256, 1, 0x05, 256, 200);
  put_partition(image, 512, 0, 0x83, 8, 100);
  return image;
}

}  // namespace sluice::tests::hostile
