// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/verification/formats/format_inspector.hpp"

/// Which evidence in one file goes together.
namespace sluice::actors::verification {

[[nodiscard]] constexpr bool is_disk(formats::evidence kind) noexcept {
  using formats::evidence;
  return kind == evidence::disk_format || kind == evidence::optical_disc || kind == evidence::foreign_disk;
}

/// Whether evidence of a raw disk beside a disk format makes the file two things at once. The data of a format may well
/// look like a filesystem where its superblock stands far in; the first sectors may not.
[[nodiscard]] constexpr bool contradicts(formats::evidence disk, formats::evidence other) noexcept {
  using formats::evidence;
  switch (other) {
    case evidence::partition_table: return disk != evidence::optical_disc;
    case evidence::filesystem:
    case evidence::kernel: return true;
    case evidence::late_filesystem: return false;
    case evidence::disk_format:
    case evidence::optical_disc:
    case evidence::foreign_disk: return true;
  }
  return true;
}

}  // namespace sluice::actors::verification
