// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/filesystem.hpp"

#include <bit>

namespace sluice::actors::verification::formats::filesystems {

/// FAT12, FAT16, FAT32: Microsoft, "FAT32 File System Specification", 2000, section "Boot Sector and BPB".
std::optional<filesystem_extent> read_fat(bytes_view front) {
  if (!holds(front, 510, {"\x55\xaa", 2}))
    return std::nullopt;
  const bool jumps = (read_byte(front, 0) == 0xEB && read_byte(front, 2) == 0x90) || read_byte(front, 0) == 0xE9;
  const std::uint32_t sector = read_little_endian<std::uint16_t>(front, 11);
  const std::uint32_t cluster = read_byte(front, 13);
  const std::uint32_t reserved = read_little_endian<std::uint16_t>(front, 14);
  const std::uint32_t tables = read_byte(front, 16);
  const std::uint32_t media = read_byte(front, 21);
  if (!jumps || sector < 512 || sector > 4096 || !std::has_single_bit(sector) || !std::has_single_bit(cluster) ||
      reserved == 0 || tables < 1 || tables > 2 || (media != 0xF0 && media < 0xF8))
    return std::nullopt;
  const std::uint64_t short_sectors = read_little_endian<std::uint16_t>(front, 19);
  const std::uint64_t sectors = short_sectors != 0 ? short_sectors : read_little_endian<std::uint32_t>(front, 32);
  const std::uint64_t short_table = read_little_endian<std::uint16_t>(front, 22);
  const std::uint64_t table = short_table != 0 ? short_table : read_little_endian<std::uint32_t>(front, 36);
  const std::uint64_t root = std::uint64_t{read_little_endian<std::uint16_t>(front, 17)} * 32 / sector;
  if (table == 0 || reserved + tables * table + root + cluster > sectors)
    return std::nullopt;
  return filesystem_extent{sectors * sector};
}

}  // namespace sluice::actors::verification::formats::filesystems
