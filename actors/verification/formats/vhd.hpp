// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/verification/formats/format_inspector.hpp"
#include "actors/verification/formats/vhd_headers.hpp"

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

}  // namespace sluice::actors::verification::formats
