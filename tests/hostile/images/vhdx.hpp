// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "tests/hostile/images/writer.hpp"

namespace sluice::tests::hostile {

struct vhdx_places {
  static constexpr std::size_t header = 64 << 10;
  static constexpr std::size_t second_header = 128 << 10;
  static constexpr std::size_t regions = 192 << 10;
  static constexpr std::size_t second_regions = 256 << 10;
  static constexpr std::size_t metadata = 2 << 20;
  static constexpr std::size_t block_table = 3 << 20;
  static constexpr std::size_t items = metadata + (64 << 10);
};

inline void seal_vhdx(image_bytes& image, std::size_t at, std::size_t length) {
  put_little(image, at + 4, 4, 0);
  put_little(image, at + 4, 4, slow_crc(image, at, length, crc32c_polynomial));
}

inline void seal_vhdx_regions(image_bytes& image) {
  seal_vhdx(image, vhdx_places::regions, 64 << 10);
  seal_vhdx(image, vhdx_places::second_regions, 64 << 10);
}

/// A GUID as sixteen bytes in the order in which they stand on disk.
using disk_guid = std::array<std::uint8_t, 16>;

inline void put_guid(image_bytes& image, std::size_t at, const disk_guid& id) {
  for (std::size_t i = 0; i < id.size(); ++i)
    put_byte(image, at + i, id[i]);
}

inline void put_vhdx_region(image_bytes& image, std::size_t index, const disk_guid& id, std::uint64_t offset,
                            std::uint32_t required) {
  for (const auto table : {vhdx_places::regions, vhdx_places::second_regions}) {
    const auto at = table + 16 + 32 * index;
    put_guid(image, at, id);
    put_little(image, at + 16, 8, offset);
    put_little(image, at + 24, 4, 1 << 20);
    put_little(image, at + 28, 4, required);
    put_little(image, table + 8, 4, index + 1);
  }
}

inline void put_vhdx_item(image_bytes& image, std::size_t index, const disk_guid& id, std::uint32_t offset,
                          std::uint32_t length, std::uint32_t flags) {
  const auto at = vhdx_places::metadata + 32 + 32 * index;
  put_guid(image, at, id);
  put_little(image, at + 16, 4, (64 << 10) + offset);
  put_little(image, at + 20, 4, length);
  put_little(image, at + 24, 4, flags);
  put_little(image, vhdx_places::metadata + 10, 2, index + 1);
}

inline constexpr disk_guid vhdx_parent_locator{0x2D, 0x5F, 0xD3, 0xA8, 0x0B, 0xB3, 0x4D, 0x45,
                                               0xAB, 0xF7, 0xD3, 0xD8, 0x48, 0x34, 0xAB, 0x0C};

/// An empty dynamic disk of 10 MiB in blocks of 1 MiB ([MS-VHDX] section 2).
inline image_bytes vhdx_image() {
  image_bytes image(4 << 20);
  put_text(image, 0, "vhdxfile");
  for (const auto at : {vhdx_places::header, vhdx_places::second_header}) {
    put_text(image, at, "head");
    put_little(image, at + 8, 8, at == vhdx_places::header ? 1 : 2);
    put_little(image, at + 66, 2, 1);
    put_little(image, at + 68, 4, 1 << 20);
    put_little(image, at + 72, 8, 1 << 20);
    seal_vhdx(image, at, 4096);
  }
  put_text(image, vhdx_places::regions, "regi");
  put_text(image, vhdx_places::second_regions, "regi");
  put_vhdx_region(image, 0,
                  {0x66, 0x77, 0xC2, 0x2D, 0x23, 0xF6, 0x00, 0x42, 0x9D, 0x64, 0x11, 0x5E, 0x9B, 0xFD, 0x4A, 0x08},
                  vhdx_places::block_table, 1);
  put_vhdx_region(image, 1,
                  {0x06, 0xA2, 0x7C, 0x8B, 0x90, 0x47, 0x9A, 0x4B, 0xB8, 0xFE, 0x57, 0x5F, 0x05, 0x0F, 0x88, 0x6E},
                  vhdx_places::metadata, 1);
  seal_vhdx_regions(image);
  put_text(image, vhdx_places::metadata, "metadata");
  put_vhdx_item(image, 0,
                {0x37, 0x67, 0xA1, 0xCA, 0x36, 0xFA, 0x43, 0x4D, 0xB3, 0xB6, 0x33, 0xF0, 0xAA, 0x44, 0xE7, 0x6B}, 0, 8,
                4);
  put_vhdx_item(image, 1,
                {0x24, 0x42, 0xA5, 0x2F, 0x1B, 0xCD, 0x76, 0x48, 0xB2, 0x11, 0x5D, 0xBE, 0xD8, 0x3B, 0xF4, 0xB8}, 8, 8,
                6);
  put_vhdx_item(image, 2,
                {0x1D, 0xBF, 0x41, 0x81, 0x6F, 0xA9, 0x09, 0x47, 0xBA, 0x47, 0xF2, 0x33, 0xA8, 0xFA, 0xAB, 0x5F}, 16, 4,
                6);
  put_little(image, vhdx_places::items, 4, 1 << 20);
  put_little(image, vhdx_places::items + 8, 8, 10 << 20);
  put_little(image, vhdx_places::items + 16, 4, 512);
  return image;
}

}  // namespace sluice::tests::hostile
