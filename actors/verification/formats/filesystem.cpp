// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/filesystem.hpp"

#include <array>
#include <string>

namespace sluice::actors::verification::formats {
namespace {

constexpr std::array known{
    filesystem{"a raw disk with an ext2, ext3 or ext4 filesystem", evidence::filesystem, 2048, filesystems::read_ext},
    filesystem{"a raw disk with an XFS filesystem", evidence::filesystem, 4096, filesystems::read_xfs},
    filesystem{"a raw disk with a FAT filesystem", evidence::filesystem, 512, filesystems::read_fat},
    filesystem{"a raw disk with an exFAT filesystem", evidence::filesystem, 12 * 4096, filesystems::read_exfat},
    filesystem{"a raw disk with an NTFS filesystem", evidence::filesystem, 512, filesystems::read_ntfs},
    filesystem{"a SquashFS filesystem", evidence::filesystem, 96, filesystems::read_squashfs},
    filesystem{"a raw disk with swap space", evidence::late_filesystem, 4096, filesystems::read_swap},
    filesystem{"a raw disk with a btrfs filesystem", evidence::late_filesystem, 68 << 10, filesystems::read_btrfs},
};

}  // namespace

std::span<const filesystem> known_filesystems() noexcept {
  return known;
}

presence filesystem_inspector::recognise(const image_window& window) {
  if (window.front.size() < filesystem_.needs && !window.front_closed())
    return presence::undecided;
  const auto found = filesystem_.read(window.front);
  if (!found)
    return presence::absent;
  extent_ = *found;
  return presence::present;
}

schemas::result<void> filesystem_inspector::examine(const image_window& window) {
  if (!window.total || extent_.bytes <= *window.total)
    return {};
  return schemas::refuse(
      schemas::error_code::image_truncated,
      "The file is " + std::string{filesystem_.title} + " of " + std::to_string(extent_.bytes) +
          " bytes but has only " + std::to_string(*window.total) +
          ". It was cut off: get it anew, and give 'expect.size' or 'expect.checksum' to notice it at "
          "once.");
}

schemas::result<std::uint64_t> filesystem_inspector::finish(const image_window& window) {
  const auto judged = examine(window);
  if (!judged)
    return schemas::unexpected<schemas::failure>{judged.error()};
  return round_up(window.total.value_or(0), 512);
}

void add_filesystem_inspectors(inspector_list& inspectors) {
  for (const auto& each : known)
    inspectors.push_back(std::make_unique<filesystem_inspector>(each));
}

}  // namespace sluice::actors::verification::formats
