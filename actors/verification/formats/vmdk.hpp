// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/verification/formats/format_inspector.hpp"

namespace sluice::actors::verification::formats {

/// VMware disk in one sparse file (VMware, "Virtual Disk Format 5.0").
///
/// Guarantees: a sparse header with sane grains, a descriptor that passes `judge_vmdk_descriptor`, grain directories
/// inside the file; for a stream-optimised disk whose directory is at its end, a footer that agrees with the header and
/// an end marker. Descriptors without data, and the old COWD format, are refused. Not seen here: grain tables.
class vmdk_inspector final : public format_inspector {
 public:
  [[nodiscard]] std::string_view format() const noexcept override { return "vmdk"; }
  [[nodiscard]] std::string_view title() const noexcept override { return "a VMware disk (VMDK)"; }
  [[nodiscard]] evidence kind() const noexcept override { return evidence::disk_format; }
  [[nodiscard]] presence recognise(const image_window& window) override;
  [[nodiscard]] schemas::result<void> examine(const image_window& window) override;
  [[nodiscard]] schemas::result<std::uint64_t> finish(const image_window& window) override;
};

}  // namespace sluice::actors::verification::formats
