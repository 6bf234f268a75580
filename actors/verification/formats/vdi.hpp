// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/verification/formats/format_inspector.hpp"

namespace sluice::actors::verification::formats {

/// VirtualBox disk, version 1.1 (VirtualBox VDICore.h; QEMU block/vdi.c).
///
/// Guarantees: a dynamic or static disk without parent, blocks of 1 MiB that cover the virtual size, and a file as long
/// as the blocks it says it holds. Not seen here: the block map.
class vdi_inspector final : public format_inspector {
 public:
  [[nodiscard]] std::string_view format() const noexcept override { return "vdi"; }
  [[nodiscard]] std::string_view title() const noexcept override { return "a VirtualBox disk (VDI)"; }
  [[nodiscard]] evidence kind() const noexcept override { return evidence::disk_format; }
  [[nodiscard]] presence recognise(const image_window& window) override;
  [[nodiscard]] schemas::result<void> examine(const image_window& window) override;
  [[nodiscard]] schemas::result<std::uint64_t> finish(const image_window& window) override;
};

}  // namespace sluice::actors::verification::formats
