// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/filesystem.hpp"

#include <bit>

namespace sluice::actors::verification::formats::filesystems {

/// NTFS: Linux fs/ntfs3/ntfs.h, struct NTFS_BOOT.
std::optional<filesystem_extent> read_ntfs(bytes_view front) {
  if (!holds(front, 3, "NTFS    ") || !holds(front, 510, {"\x55\xaa", 2}))
    return std::nullopt;
  const std::uint64_t sector = read_little_endian<std::uint16_t>(front, 11);
  const std::uint32_t cluster = read_byte(front, 13);  // above 0x80: the negated power of two
  const auto sectors = read_little_endian<std::uint64_t>(front, 40);
  const bool cluster_right = std::has_single_bit(cluster) || cluster >= 0xF4;
  if (sector < 512 || sector > 4096 || !std::has_single_bit(sector) || !cluster_right || sectors == 0 ||
      sectors > (std::uint64_t{1} << 51) || read_little_endian<std::uint64_t>(front, 48) >= sectors ||
      read_little_endian<std::uint64_t>(front, 56) >= sectors || read_little_endian<std::uint16_t>(front, 14) != 0)
    return std::nullopt;
  return filesystem_extent{sectors * sector};
}

}  // namespace sluice::actors::verification::formats::filesystems
