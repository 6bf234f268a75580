// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "actors/verification/formats/format_inspector.hpp"
#include "actors/verification/formats/region_capture.hpp"
#include "actors/verification/formats/vhdx_tables.hpp"

namespace sluice::actors::verification::formats {

/// Hyper-V disk ([MS-VHDX], "Virtual Hard Disk v2 (VHDX) File Format").
///
/// Guarantees: headers and region tables with right checksums, no log to replay, no parent, no unknown required region
/// or metadata, a block table that covers the virtual size, regions apart and inside the file. Not seen here: the block
/// table's entries.
class vhdx_inspector final : public format_inspector {
 public:
  [[nodiscard]] std::string_view format() const noexcept override { return "vhdx"; }
  [[nodiscard]] std::string_view title() const noexcept override { return "a VHDX disk"; }
  [[nodiscard]] evidence kind() const noexcept override { return evidence::disk_format; }
  [[nodiscard]] presence recognise(const image_window& window) override;
  [[nodiscard]] schemas::result<void> examine(const image_window& window) override;
  [[nodiscard]] schemas::result<void> feed(std::uint64_t offset, bytes_view piece) override;
  [[nodiscard]] schemas::result<std::uint64_t> finish(const image_window& window) override;

 private:
  [[nodiscard]] schemas::result<void> judge_headers();
  [[nodiscard]] schemas::result<void> judge_regions();
  [[nodiscard]] schemas::result<void> read_metadata_table();
  [[nodiscard]] schemas::result<void> judge_metadata();
  /// Goes on as far as the captured bytes allow.
  [[nodiscard]] schemas::result<void> advance();

  std::optional<region_capture> headers_[2];
  std::optional<region_capture> region_tables_[2];
  std::optional<region_capture> metadata_table_;
  std::optional<region_capture> parameters_;
  std::optional<region_capture> disk_size_;
  std::optional<region_capture> sector_size_;
  vhdx_region log_;
  vhdx_region block_table_;
  vhdx_region metadata_;
  bool judged_ = false;
};

}  // namespace sluice::actors::verification::formats
