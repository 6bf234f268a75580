// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/verification/formats/format_inspector.hpp"

namespace sluice::actors::verification::formats {

/// LUKS version 1 and 2 (LUKS On-Disk Format Specification 1.2.3; LUKS2 On-Disk Format Specification 1.1).
///
/// Guarantees: sane key slots with bounded iterations and stripes, a payload inside the file. The payload is encrypted
/// and therefore never inspected.
class luks_inspector final : public format_inspector {
 public:
  [[nodiscard]] std::string_view format() const noexcept override { return "luks"; }
  [[nodiscard]] std::string_view title() const noexcept override { return "a LUKS encrypted volume"; }
  [[nodiscard]] evidence kind() const noexcept override { return evidence::disk_format; }
  [[nodiscard]] presence recognise(const image_window& window) override;
  [[nodiscard]] schemas::result<void> examine(const image_window& window) override;
  [[nodiscard]] schemas::result<std::uint64_t> finish(const image_window& window) override;

 private:
  std::uint64_t payload_ = 0;  ///< bytes before the encrypted data
};

}  // namespace sluice::actors::verification::formats
