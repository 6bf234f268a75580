// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/verification/formats/format_inspector.hpp"

namespace sluice::actors::verification::formats {

/// qcow2, versions 2 and 3 (QEMU docs/interop/qcow2.txt).
///
/// Guarantees while the bytes pass: no backing file, no external data file, only known incompatible features, not
/// marked dirty or corrupt, a known compression, a virtual size that its L1 table covers, tables aligned, apart and
/// inside the file. Not seen here: what the tables point at.
class qcow2_inspector final : public format_inspector {
 public:
  [[nodiscard]] std::string_view format() const noexcept override { return "qcow2"; }
  [[nodiscard]] std::string_view title() const noexcept override { return "a qcow2 image"; }
  [[nodiscard]] evidence kind() const noexcept override { return evidence::disk_format; }
  [[nodiscard]] presence recognise(const image_window& window) override;
  [[nodiscard]] schemas::result<void> examine(const image_window& window) override;
  [[nodiscard]] schemas::result<std::uint64_t> finish(const image_window& window) override;
};

}  // namespace sluice::actors::verification::formats
