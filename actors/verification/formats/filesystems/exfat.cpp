// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/filesystem.hpp"

namespace sluice::actors::verification::formats::filesystems {

/// exFAT: Microsoft, "exFAT file system specification", sections 3.1 and 3.4.
std::optional<filesystem_extent> read_exfat(bytes_view front) {
  if (!holds(front, 3, "EXFAT   ") || !holds(front, 510, {"\x55\xaa", 2}) || !all_zero(slice(front, 11, 53)))
    return std::nullopt;
  const auto sector_shift = read_byte(front, 108);
  const auto cluster_shift = read_byte(front, 109);
  const auto tables = read_byte(front, 110);
  const auto sectors = read_little_endian<std::uint64_t>(front, 72);
  if (sector_shift < 9 || sector_shift > 12 || cluster_shift > 25 - sector_shift || tables < 1 || tables > 2 ||
      sectors > (std::uint64_t{1} << 51))
    return std::nullopt;
  const auto sector = std::uint64_t{1} << sector_shift;
  const auto checked = slice(front, 0, 11 * sector);
  if (front.size() < 12 * sector)
    return std::nullopt;
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < checked.size(); ++i)
    if (i != 106 && i != 107 && i != 112)  // volume flags and percent in use may change without it
      sum = ((sum & 1) != 0 ? 0x80000000U : 0U) + (sum >> 1) + std::to_integer<std::uint32_t>(checked[i]);
  if (sum != read_little_endian<std::uint32_t>(front, 11 * sector))
    return std::nullopt;
  return filesystem_extent{sectors << sector_shift};
}

}  // namespace sluice::actors::verification::formats::filesystems
