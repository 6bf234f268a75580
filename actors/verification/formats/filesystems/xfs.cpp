// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/filesystem.hpp"

#include <bit>
#include "actors/verification/formats/checksums.hpp"

namespace sluice::actors::verification::formats::filesystems {

/// XFS: Linux fs/xfs/libxfs/xfs_format.h, struct xfs_dsb. All numbers are big-endian but the checksum.
std::optional<filesystem_extent> read_xfs(bytes_view front) {
  if (!holds(front, 0, "XFSB"))
    return std::nullopt;
  const auto block = read_big_endian<std::uint32_t>(front, 4);
  const auto blocks = read_big_endian<std::uint64_t>(front, 8);
  const std::uint64_t group_blocks = read_big_endian<std::uint32_t>(front, 84);
  const std::uint64_t groups = read_big_endian<std::uint32_t>(front, 88);
  const auto version = read_big_endian<std::uint16_t>(front, 100) & 0xF;
  const auto sector = read_big_endian<std::uint16_t>(front, 102);
  if (block < 512 || block > 65536 || !std::has_single_bit(block) || sector < 512 || sector > 32768 ||
      !std::has_single_bit(sector) || version < 1 || version > 5 || groups == 0 || group_blocks == 0)
    return std::nullopt;
  if (read_byte(front, 120) != std::countr_zero(block) || blocks > (std::uint64_t{1} << 47) ||
      blocks > groups * group_blocks || blocks <= (groups - 1) * group_blocks)
    return std::nullopt;
  if (version == 5 && front.size() >= sector &&
      crc_without_field<crc_polynomial::castagnoli>(front.first(sector), 224) !=
          read_little_endian<std::uint32_t>(front, 224))
    return std::nullopt;
  return filesystem_extent{blocks * block};
}

}  // namespace sluice::actors::verification::formats::filesystems
