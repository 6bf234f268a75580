// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/filesystem.hpp"

#include "actors/verification/formats/checksums.hpp"

namespace sluice::actors::verification::formats::filesystems {

/// ext2, ext3, ext4: Linux Documentation/filesystems/ext4/super.rst.
std::optional<filesystem_extent> read_ext(bytes_view front) {
  const auto superblock = slice(front, 1024, 1024);
  if (superblock.size() < 1024 || read_little_endian<std::uint16_t>(superblock, 0x38) != 0xEF53)
    return std::nullopt;
  const auto log_block = read_little_endian<std::uint32_t>(superblock, 0x18);
  const auto first_block = read_little_endian<std::uint32_t>(superblock, 0x14);
  const auto blocks_per_group = read_little_endian<std::uint32_t>(superblock, 0x20);
  constexpr std::uint32_t clusters = 0x200;  // "bigalloc": groups are counted in clusters of blocks
  const bool clustered = (read_little_endian<std::uint32_t>(superblock, 0x64) & clusters) != 0;
  const auto units_per_group = clustered ? read_little_endian<std::uint32_t>(superblock, 0x24) : blocks_per_group;
  const auto inodes_per_group = read_little_endian<std::uint32_t>(superblock, 0x28);
  const auto revision = read_little_endian<std::uint32_t>(superblock, 0x4C);
  if (log_block > 6 || revision > 1 || blocks_per_group == 0 || inodes_per_group == 0 || first_block > 1)
    return std::nullopt;
  const std::uint64_t block = std::uint64_t{1024} << log_block;
  constexpr std::uint32_t wide_counts = 0x80;
  std::uint64_t blocks = read_little_endian<std::uint32_t>(superblock, 0x04);
  std::uint64_t free_blocks = read_little_endian<std::uint32_t>(superblock, 0x0C);
  if ((read_little_endian<std::uint32_t>(superblock, 0x60) & wide_counts) != 0) {
    blocks |= std::uint64_t{read_little_endian<std::uint32_t>(superblock, 0x150)} << 32;
    free_blocks |= std::uint64_t{read_little_endian<std::uint32_t>(superblock, 0x158)} << 32;
  }
  if (blocks == 0 || free_blocks > blocks || blocks > (std::uint64_t{1} << 47) || units_per_group > block * 8)
    return std::nullopt;
  constexpr std::uint32_t checksummed_metadata = 0x400;
  if ((read_little_endian<std::uint32_t>(superblock, 0x64) & checksummed_metadata) != 0 &&
      update_crc<crc_polynomial::castagnoli>(0xFFFFFFFF, superblock.first(0x3FC)) !=
          read_little_endian<std::uint32_t>(superblock, 0x3FC))
    return std::nullopt;
  return filesystem_extent{blocks * block};
}

}  // namespace sluice::actors::verification::formats::filesystems
