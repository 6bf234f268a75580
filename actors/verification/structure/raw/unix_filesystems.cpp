// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "actors/verification/formats/checksums.hpp"
#include "actors/verification/structure/image_part.hpp"
#include "actors/verification/structure/raw/filesystems.hpp"

namespace sluice::actors::verification::structure::raw::checks {
namespace {

using formats::bytes_view;
using formats::read_big_endian;
using formats::read_little_endian;
using schemas::failure;
using schemas::result;

bool same(bytes_view one, bytes_view other, std::uint64_t offset, std::uint64_t length) {
  return std::ranges::equal(formats::slice(one, offset, length), formats::slice(other, offset, length));
}

}  // namespace

/// The first group's descriptor points into the filesystem (Linux Documentation/filesystems/ext4/group_descr.rst), and
/// the descriptors of all groups fit.
result<void> check_ext(image_bytes& volume, bytes_view front, walk_budget& budget) {
  const auto superblock = formats::slice(front, 1024, 1024);
  const std::uint64_t block = std::uint64_t{1024} << read_little_endian<std::uint32_t>(superblock, 0x18);
  const std::uint64_t per_group = read_little_endian<std::uint32_t>(superblock, 0x20);
  const auto incompatible = read_little_endian<std::uint32_t>(superblock, 0x60);
  const bool wide = (incompatible & 0x80) != 0;
  std::uint64_t blocks = read_little_endian<std::uint32_t>(superblock, 0x04);
  if (wide)
    blocks |= std::uint64_t{read_little_endian<std::uint32_t>(superblock, 0x150)} << 32;
  const std::uint64_t descriptor = wide ? read_little_endian<std::uint16_t>(superblock, 0xFE) : 32;
  if (descriptor < 32 || descriptor > 1024)
    return damaged("ext4", "its group descriptors have an impossible length");
  if ((incompatible & 0x10) != 0)  // the descriptors are spread over the groups
    return {};
  const auto place = (read_little_endian<std::uint32_t>(superblock, 0x14) + std::uint64_t{1}) * block;
  const auto groups = (blocks + per_group - 1) / per_group;
  if (!formats::lies_within(place, groups * descriptor, blocks * block))
    return damaged("ext4", "its group descriptors do not fit into it");
  const auto first = image_piece::read(volume, place, descriptor, budget);
  if (!first)
    return schemas::unexpected<failure>{first.error()};
  for (const std::size_t table : {0U, 4U, 8U}) {  // bitmap of blocks, bitmap of inodes, inodes
    std::uint64_t where = read_little_endian<std::uint32_t>(first->bytes(), table);
    if (wide && descriptor >= 64)
      where |= std::uint64_t{read_little_endian<std::uint32_t>(first->bytes(), table + 0x20)} << 32;
    if (where == 0 || where >= blocks)
      return damaged("ext4", "a table of its first group lies outside it");
  }
  return {};
}

/// The last allocation group has a copy of the superblock (Linux fs/xfs/libxfs/xfs_sb.c).
result<void> check_xfs(image_bytes& volume, bytes_view front, walk_budget& budget) {
  const std::uint64_t block = read_big_endian<std::uint32_t>(front, 4);
  const std::uint64_t group_blocks = read_big_endian<std::uint32_t>(front, 84);
  const std::uint64_t groups = read_big_endian<std::uint32_t>(front, 88);
  if (groups < 2)
    return {};
  const auto copy = image_piece::read(volume, (groups - 1) * group_blocks * block, 512, budget);
  if (!copy)
    return schemas::unexpected<failure>{copy.error()};
  if (!same(front, copy->bytes(), 0, 8) || !same(front, copy->bytes(), 32, 16))  // magic, block size; identifier
    return damaged("XFS", "its last copy of the superblock is missing or of another filesystem");
  return {};
}

/// The first copy of the superblock stands at 64 MiB (Linux fs/btrfs/disk-io.h, btrfs_sb_offset).
result<void> check_btrfs(image_bytes& volume, bytes_view front, walk_budget& budget) {
  constexpr std::uint64_t original = 64 << 10;
  constexpr std::uint64_t mirror = 64 << 20;
  constexpr std::uint64_t length = 4096;
  const auto superblock = formats::slice(front, original, length);
  if (read_little_endian<std::uint64_t>(superblock, 201 + 8) < mirror + length)
    return {};
  const auto copy = image_piece::read(volume, mirror, length, budget);
  if (!copy)
    return schemas::unexpected<failure>{copy.error()};
  constexpr std::uint16_t crc32c = 0;
  const auto summed = read_little_endian<std::uint16_t>(superblock, 196) == crc32c;
  if (!formats::holds(copy->bytes(), 64, "_BHRfS_M") || !same(superblock, copy->bytes(), 32, 16) ||
      (summed && formats::crc<formats::crc_polynomial::castagnoli>(copy->bytes().subspan(32)) !=
                     read_little_endian<std::uint32_t>(copy->bytes(), 0)))
    return damaged("btrfs", "the copy of its superblock is missing or damaged");
  return {};
}

/// Tables that may be absent are inside as well (Linux fs/squashfs/squashfs_fs.h).
result<void> check_squashfs(image_bytes&, bytes_view front, walk_budget&) {
  const auto bytes = read_little_endian<std::uint64_t>(front, 40);
  for (const std::size_t table : {56U, 80U, 88U}) {  // extended attributes, fragments, exports
    const auto place = read_little_endian<std::uint64_t>(front, table);
    if (place != ~std::uint64_t{0} && place >= bytes)
      return damaged("SquashFS", "a table lies outside it");
  }
  return {};
}

}  // namespace sluice::actors::verification::structure::raw::checks
