// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/verification/formats/format_inspector.hpp"

namespace sluice::actors::verification::formats {

/// Virtual PC and Hyper-V disks with a footer (Microsoft, "Virtual Hard Disk Image Format Specification", 2006).
/// Glance says vhd, QEMU says vpc.
///
/// This inspector knows the dynamic disk, whose footer also stands at its beginning. Guarantees: checksums right, no
/// parent, a block table that covers the virtual size and is inside the file. Not seen here: the table's entries.
class vhd_inspector final : public format_inspector {
 public:
  [[nodiscard]] std::string_view format() const noexcept override { return "vhd"; }
  [[nodiscard]] std::string_view title() const noexcept override { return "a VHD disk"; }
  [[nodiscard]] evidence kind() const noexcept override { return evidence::disk_format; }
  [[nodiscard]] presence recognise(const image_window& window) override;
  [[nodiscard]] schemas::result<void> examine(const image_window& window) override;
  [[nodiscard]] schemas::result<std::uint64_t> finish(const image_window& window) override;
};

/// Whether a file's last bytes are a VHD footer: then a file that begins as a raw disk is a fixed VHD.
[[nodiscard]] bool ends_with_vhd_footer(bytes_view tail) noexcept;
/// The length of the footer, which is not part of the disk.
inline constexpr std::uint64_t vhd_footer_size = 512;
/// Judges a fixed VHD of `total` bytes by its footer. Returns the virtual size as QEMU sees it.
[[nodiscard]] schemas::result<std::uint64_t> judge_fixed_vhd(bytes_view tail, std::uint64_t total);

}  // namespace sluice::actors::verification::formats
