// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/verification/formats/format_inspector.hpp"

namespace sluice::actors::verification::formats {

/// A Linux kernel for x86 with its boot protocol header (Linux Documentation/arch/x86/boot.rst). It ends its first
/// sector as a master boot record does, and is none.
class kernel_inspector final : public format_inspector {
 public:
  [[nodiscard]] std::string_view format() const noexcept override { return "aki"; }
  [[nodiscard]] std::string_view title() const noexcept override { return "a Linux kernel"; }
  [[nodiscard]] evidence kind() const noexcept override { return evidence::kernel; }
  [[nodiscard]] presence recognise(const image_window& window) override;
  [[nodiscard]] schemas::result<void> examine(const image_window& window) override;
  [[nodiscard]] schemas::result<std::uint64_t> finish(const image_window& window) override;
};

/// Whether a file that is none of the disk formats begins as a kernel does: ELF, PE, gzip, an arm64 or RISC-V image.
[[nodiscard]] bool looks_like_kernel(bytes_view front) noexcept;
/// Whether it begins as an initial ramdisk does: a cpio archive, plain or compressed.
[[nodiscard]] bool looks_like_ramdisk(bytes_view front) noexcept;

}  // namespace sluice::actors::verification::formats
