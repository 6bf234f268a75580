// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "actors/verification/formats/bytes.hpp"
#include "actors/verification/structure/walk.hpp"

/// What is in a partition, or on a disk without partitions.
namespace sluice::actors::verification::structure::raw {

/// Looks for a filesystem at the beginning of `volume` and holds it against its own length and the copies and checksums
/// that it carries. Returns what it is, as in "an XFS filesystem on a raw disk"; empty when it is none that is known,
/// which is nothing wrong: volumes of LVM, RAID and LUKS, boot loaders and swap of other systems stand in partitions.
/// Errors: image_truncated when the volume is shorter than the filesystem, image_corrupt when it contradicts itself.
[[nodiscard]] schemas::result<std::optional<std::string_view>> judge_filesystem(image_bytes& volume,
                                                                                walk_budget& budget);

/// The checks of one filesystem each, past its superblock. `front` begins with a superblock that is sound in itself.
namespace checks {
using check = schemas::result<void> (*)(image_bytes& volume, formats::bytes_view front, walk_budget& budget);
[[nodiscard]] schemas::result<void> check_fat(image_bytes& volume, formats::bytes_view front, walk_budget& budget);
[[nodiscard]] schemas::result<void> check_exfat(image_bytes& volume, formats::bytes_view front, walk_budget& budget);
[[nodiscard]] schemas::result<void> check_ntfs(image_bytes& volume, formats::bytes_view front, walk_budget& budget);
[[nodiscard]] schemas::result<void> check_ext(image_bytes& volume, formats::bytes_view front, walk_budget& budget);
[[nodiscard]] schemas::result<void> check_xfs(image_bytes& volume, formats::bytes_view front, walk_budget& budget);
[[nodiscard]] schemas::result<void> check_btrfs(image_bytes& volume, formats::bytes_view front, walk_budget& budget);
[[nodiscard]] schemas::result<void> check_squashfs(image_bytes& volume, formats::bytes_view front, walk_budget& budget);

/// image_corrupt: "The FAT filesystem is damaged: `what`. …"
[[nodiscard]] schemas::unexpected<schemas::failure> damaged(std::string_view filesystem, std::string_view what);
}  // namespace checks

}  // namespace sluice::actors::verification::structure::raw
