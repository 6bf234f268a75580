// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/verification/formats/format_inspector.hpp"

namespace sluice::actors::verification::formats {

/// ISO 9660 (ECMA-119) and UDF (ECMA-167) optical discs.
///
/// Guarantees: the primary volume descriptor's double-written fields agree, the descriptors have their terminator, and
/// the volume is no longer than the file. Not seen here: directories and path tables.
class iso_inspector final : public format_inspector {
 public:
  [[nodiscard]] std::string_view format() const noexcept override { return "iso"; }
  [[nodiscard]] std::string_view title() const noexcept override { return "an ISO image of an optical disc"; }
  [[nodiscard]] evidence kind() const noexcept override { return evidence::optical_disc; }
  [[nodiscard]] presence recognise(const image_window& window) override;
  [[nodiscard]] schemas::result<void> examine(const image_window& window) override;
  [[nodiscard]] schemas::result<std::uint64_t> finish(const image_window& window) override;
};

}  // namespace sluice::actors::verification::formats
