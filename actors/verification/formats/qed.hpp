// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/verification/formats/format_inspector.hpp"

namespace sluice::actors::verification::formats {

/// QED, QEMU's enhanced disk (QEMU docs/interop/qed_spec.txt).
///
/// Guarantees: no backing file, no unknown feature, not in need of a check, a virtual size its tables can address, an
/// L1 table inside the file. Not seen here: what the tables point at.
class qed_inspector final : public format_inspector {
 public:
  [[nodiscard]] std::string_view format() const noexcept override { return "qed"; }
  [[nodiscard]] std::string_view title() const noexcept override { return "a QED image"; }
  [[nodiscard]] evidence kind() const noexcept override { return evidence::disk_format; }
  [[nodiscard]] presence recognise(const image_window& window) override;
  [[nodiscard]] schemas::result<void> examine(const image_window& window) override;
  [[nodiscard]] schemas::result<std::uint64_t> finish(const image_window& window) override;
};

}  // namespace sluice::actors::verification::formats
