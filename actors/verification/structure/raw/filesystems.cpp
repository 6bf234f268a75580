// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/structure/raw/filesystems.hpp"

#include <algorithm>
#include <array>

#include "actors/verification/formats/filesystem.hpp"
#include "actors/verification/structure/image_part.hpp"

namespace sluice::actors::verification::structure::raw {
namespace {

using formats::bytes_view;
using schemas::error_code;
using schemas::refuse;
using schemas::result;

using reader = std::optional<formats::filesystem_extent> (*)(bytes_view front);

/// One line a filesystem; those without a line have all that can be checked in their superblock.
struct deeper {
  reader of;
  checks::check check;
};
constexpr std::array deeper_checks{
    deeper{formats::filesystems::read_fat, checks::check_fat},
    deeper{formats::filesystems::read_exfat, checks::check_exfat},
    deeper{formats::filesystems::read_ntfs, checks::check_ntfs},
    deeper{formats::filesystems::read_ext, checks::check_ext},
    deeper{formats::filesystems::read_xfs, checks::check_xfs},
    deeper{formats::filesystems::read_btrfs, checks::check_btrfs},
    deeper{formats::filesystems::read_squashfs, checks::check_squashfs},
};

/// Containers of other volumes, which leave an older superblock alone where they do not need the place.
bool is_container(bytes_view front) {
  if (formats::holds(front, 0, {"LUKS\xba\xbe", 6}))
    return true;
  for (std::size_t sector = 0; sector < 4; ++sector)  // LVM2: the label is in one of the first four sectors
    if (formats::holds(front, sector * 512, "LABELONE"))
      return true;
  // Linux software RAID with its superblock at the beginning, or 4 KiB behind it.
  return formats::holds(front, 0, {"\xfc\x4e\x2b\xa9", 4}) || formats::holds(front, 4096, {"\xfc\x4e\x2b\xa9", 4}) ||
         formats::holds(front, 3, "-FVE-FS-");
}

/// Names what a magic number announces although nothing believable stands there.
std::optional<std::string_view> damaged_title(bytes_view front) {
  if (formats::holds(front, 0, "XFSB"))
    return "XFS";
  if (formats::holds(front, 3, "EXFAT   "))
    return "exFAT";
  if (formats::holds(front, (64 << 10) + 64, "_BHRfS_M"))
    return "btrfs";
  constexpr std::uint32_t checksummed_metadata = 0x400;
  const auto superblock = formats::slice(front, 1024, 1024);
  if (formats::read_little_endian<std::uint16_t>(superblock, 0x38) == 0xEF53 &&
      formats::read_little_endian<std::uint32_t>(superblock, 0x4C) == 1 &&
      formats::read_little_endian<std::uint32_t>(superblock, 0x18) <= 6 &&
      (formats::read_little_endian<std::uint32_t>(superblock, 0x64) & checksummed_metadata) != 0)
    return "ext4";
  return std::nullopt;
}

}  // namespace

schemas::unexpected<schemas::failure> checks::damaged(std::string_view filesystem, std::string_view what) {
  return refuse(error_code::image_corrupt, "The " + std::string{filesystem} +
                                               " filesystem is damaged: " + std::string{what} +
                                               ". Check it with its own tool (fsck) and try again, or get the image "
                                               "anew.");
}

result<std::optional<std::string_view>> judge_filesystem(image_bytes& volume, walk_budget& budget) {
  const auto piece =
      image_piece::read(volume, 0, std::min<std::uint64_t>(volume.size(), formats::front_capacity), budget);
  if (!piece)
    return schemas::unexpected<schemas::failure>{piece.error()};
  const auto front = piece->bytes();
  if (is_container(front))
    return std::optional<std::string_view>{};
  for (const auto& each : formats::known_filesystems()) {
    const auto extent = front.size() < each.needs ? std::nullopt : each.read(front);
    if (!extent)
      continue;
    if (extent->bytes > volume.size())
      return refuse(error_code::image_truncated,
                    "There is " + std::string{each.title} + " of " + std::to_string(extent->bytes) +
                        " bytes where only " + std::to_string(volume.size()) +
                        " are. The disk was cut off or its partition is too small: get the image anew.");
    const auto* const further = std::ranges::find(deeper_checks, each.read, &deeper::of);
    const auto judged = further == deeper_checks.end() ? result<void>{} : further->check(volume, front, budget);
    if (!judged)
      return schemas::unexpected<schemas::failure>{judged.error()};
    return std::optional{each.title};
  }
  if (const auto title = damaged_title(front))
    return checks::damaged(*title, "its superblock contradicts itself or has a wrong checksum");
  return std::optional<std::string_view>{};
}

}  // namespace sluice::actors::verification::structure::raw
