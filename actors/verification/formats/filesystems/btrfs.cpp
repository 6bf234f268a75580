// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/filesystem.hpp"

#include <bit>
#include "actors/verification/formats/checksums.hpp"

namespace sluice::actors::verification::formats::filesystems {

/// btrfs: Linux include/uapi/linux/btrfs_tree.h, struct btrfs_super_block, at 64 KiB.
std::optional<filesystem_extent> read_btrfs(bytes_view front) {
  constexpr std::uint64_t place = 64 << 10;
  constexpr std::uint64_t length = 4096;
  const auto superblock = slice(front, place, length);
  if (superblock.size() < length || !holds(superblock, 64, "_BHRfS_M") ||
      read_little_endian<std::uint64_t>(superblock, 48) != place)
    return std::nullopt;
  const auto sector = read_little_endian<std::uint32_t>(superblock, 144);
  const auto node = read_little_endian<std::uint32_t>(superblock, 148);
  if (sector < 512 || sector > 65536 || !std::has_single_bit(sector) || node < sector || node > 65536 ||
      !std::has_single_bit(node) || read_little_endian<std::uint64_t>(superblock, 136) == 0)
    return std::nullopt;
  constexpr std::uint16_t crc32c = 0;
  if (read_little_endian<std::uint16_t>(superblock, 196) == crc32c &&
      crc<crc_polynomial::castagnoli>(superblock.subspan(32)) != read_little_endian<std::uint32_t>(superblock, 0))
    return std::nullopt;
  // The length of this device, which is one of possibly several: struct btrfs_dev_item begins at 201.
  return filesystem_extent{read_little_endian<std::uint64_t>(superblock, 201 + 8)};
}

}  // namespace sluice::actors::verification::formats::filesystems
