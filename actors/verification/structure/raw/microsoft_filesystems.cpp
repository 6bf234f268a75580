// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "actors/verification/structure/image_part.hpp"
#include "actors/verification/structure/raw/filesystems.hpp"

namespace sluice::actors::verification::structure::raw::checks {
namespace {

using formats::bytes_view;
using formats::read_byte;
using formats::read_little_endian;
using schemas::failure;
using schemas::result;

/// FAT32's sector of free counts: Microsoft, "FAT32 File System Specification", section "FAT32 FSInfo Sector
/// Structure".
result<void> check_free_counts(image_bytes& volume, bytes_view front, std::uint64_t sector, walk_budget& budget) {
  const auto place = read_little_endian<std::uint16_t>(front, 48);
  if (place == 0 || place == 0xFFFF)
    return {};
  const auto block = image_piece::read(volume, place * sector, 512, budget);
  if (!block)
    return schemas::unexpected<failure>{block.error()};
  if (!formats::holds(block->bytes(), 0, "RRaA") || !formats::holds(block->bytes(), 484, "rrAa"))
    return damaged("FAT", "the sector of free counts has no signature");
  return {};
}

}  // namespace

/// Every copy of the table begins with the medium's byte (the same specification, section "FAT Data Structure").
result<void> check_fat(image_bytes& volume, bytes_view front, walk_budget& budget) {
  const std::uint64_t sector = read_little_endian<std::uint16_t>(front, 11);
  const std::uint64_t reserved = read_little_endian<std::uint16_t>(front, 14);
  const std::uint64_t tables = read_byte(front, 16);
  const std::uint64_t short_table = read_little_endian<std::uint16_t>(front, 22);
  const bool wide = short_table == 0;
  const std::uint64_t table = wide ? read_little_endian<std::uint32_t>(front, 36) : short_table;
  // FAT32 may have all but one copy switched off, which then hold anything.
  const bool one_active = wide && (read_byte(front, 40) & 0x80) != 0;
  if (wide) {
    auto judged = check_free_counts(volume, front, sector, budget);
    if (!judged)
      return judged;
  }
  for (std::uint64_t copy = 0; copy < (one_active ? 1 : tables); ++copy) {
    const auto active = one_active ? read_byte(front, 40) & 0xFU : copy;
    const auto begin = image_piece::read(volume, (reserved + active * table) * sector, 4, budget);
    if (!begin)
      return schemas::unexpected<failure>{begin.error()};
    if (read_byte(begin->bytes(), 0) != read_byte(front, 21) || read_byte(begin->bytes(), 1) != 0xFF)
      return damaged("FAT", "a copy of its allocation table does not begin as one");
  }
  return {};
}

/// The backup of the boot region has the same checksum (Microsoft, "exFAT file system specification", section 2).
result<void> check_exfat(image_bytes& volume, bytes_view front, walk_budget& budget) {
  const std::uint64_t sector = std::uint64_t{1} << read_byte(front, 108);
  const auto sum = read_little_endian<std::uint32_t>(front, 11 * sector);
  const auto backup = image_piece::read(volume, 12 * sector, 12 * sector, budget);
  if (!backup)
    return schemas::unexpected<failure>{backup.error()};
  if (!formats::holds(backup->bytes(), 3, "EXFAT   ") ||
      read_little_endian<std::uint32_t>(backup->bytes(), 11 * sector) != sum)
    return damaged("exFAT", "the backup of its boot region differs");
  const std::uint64_t sectors = read_little_endian<std::uint64_t>(front, 72);
  const std::uint64_t tables_end = std::uint64_t{read_little_endian<std::uint32_t>(front, 80)} +
                                   std::uint64_t{read_little_endian<std::uint32_t>(front, 84)} * read_byte(front, 110);
  const std::uint64_t heap = read_little_endian<std::uint32_t>(front, 88);
  const std::uint64_t clusters = read_little_endian<std::uint32_t>(front, 92);
  if (tables_end > heap || heap > sectors || clusters > (sectors - heap) >> read_byte(front, 109))
    return damaged("exFAT", "its parts lie outside it or over each other");
  return {};
}

/// The backup boot sector stands just behind the last sector of the volume (Linux fs/ntfs3/super.c).
result<void> check_ntfs(image_bytes& volume, bytes_view front, walk_budget& budget) {
  const std::uint64_t sector = read_little_endian<std::uint16_t>(front, 11);
  const auto place = read_little_endian<std::uint64_t>(front, 40) * sector;
  const auto backup = image_piece::read(volume, place, 512, budget);
  if (!backup)
    return schemas::unexpected<failure>{backup.error()};
  const auto same = [&](std::uint64_t offset, std::uint64_t length) {
    return std::ranges::equal(formats::slice(front, offset, length), formats::slice(backup->bytes(), offset, length));
  };
  if (!same(3, 8) || !same(11, 3) || !same(40, 24))
    return damaged("NTFS", "the backup of its boot sector is missing or differs");
  const std::uint64_t cluster = read_byte(front, 13);
  const auto sectors = read_little_endian<std::uint64_t>(front, 40);
  const std::uint64_t per_cluster = cluster > 0x80 ? std::uint64_t{1} << (0x100 - cluster) : cluster;
  for (const std::size_t table : {48U, 56U})  // the master file table and its mirror
    if (read_little_endian<std::uint64_t>(front, table) >= sectors / per_cluster)
      return damaged("NTFS", "its file table lies outside it");
  return {};
}

}  // namespace sluice::actors::verification::structure::raw::checks
