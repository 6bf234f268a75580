// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/filesystem.hpp"

#include <bit>

namespace sluice::actors::verification::formats::filesystems {

/// SquashFS 4: Linux fs/squashfs/squashfs_fs.h, struct squashfs_super_block.
std::optional<filesystem_extent> read_squashfs(bytes_view front) {
  if (front.size() < 96 || !holds(front, 0, "hsqs"))
    return std::nullopt;
  const auto block = read_little_endian<std::uint32_t>(front, 12);
  const auto compression = read_little_endian<std::uint16_t>(front, 20);
  const auto bytes = read_little_endian<std::uint64_t>(front, 40);
  if (read_little_endian<std::uint16_t>(front, 28) != 4 || block < 4096 || block > (1 << 20) ||
      !std::has_single_bit(block) || read_little_endian<std::uint16_t>(front, 22) != std::countr_zero(block) ||
      compression < 1 || compression > 6 || bytes < 96)
    return std::nullopt;
  for (const std::size_t table : {48U, 64U, 72U})  // identifiers, inodes, directories
    if (read_little_endian<std::uint64_t>(front, table) >= bytes)
      return std::nullopt;
  return filesystem_extent{bytes};
}

}  // namespace sluice::actors::verification::formats::filesystems
