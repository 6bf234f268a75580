// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "actors/verification/formats/format_inspector.hpp"
#include "actors/verification/formats/region_capture.hpp"

namespace sluice::actors::verification::formats {

/// A raw disk with a master boot record or a GUID partition table (UEFI Specification 2.10, chapter 5).
///
/// Guarantees: a sane MBR with at least one partition; a GPT whose header and entries have right checksums and whose
/// backup header stands, equal in kind, where the header says; every partition inside the file.
class partition_table_inspector final : public format_inspector {
 public:
  [[nodiscard]] std::string_view format() const noexcept override { return "raw"; }
  [[nodiscard]] std::string_view title() const noexcept override { return "a raw disk with a partition table"; }
  [[nodiscard]] evidence kind() const noexcept override { return evidence::partition_table; }
  [[nodiscard]] presence recognise(const image_window& window) override;
  [[nodiscard]] schemas::result<void> examine(const image_window& window) override;
  [[nodiscard]] schemas::result<void> feed(std::uint64_t offset, bytes_view piece) override;
  [[nodiscard]] schemas::result<std::uint64_t> finish(const image_window& window) override;

 private:
  /// What a sound primary GPT header says, in bytes.
  struct gpt_extent {
    std::uint64_t sector = 512;
    std::uint64_t backup = 0;       ///< where the backup header stands
    std::uint64_t last_usable = 0;  ///< the first byte after the usable space
  };

  [[nodiscard]] schemas::result<void> examine_gpt(const image_window& window, std::uint64_t sector);
  [[nodiscard]] schemas::result<void> check_backup() const;
  [[nodiscard]] schemas::result<void> check_ends(std::uint64_t total) const;

  std::uint64_t mbr_end_ = 0;  ///< the first byte after the last MBR partition
  std::optional<gpt_extent> gpt_;
  std::optional<region_capture> backup_header_;
};

}  // namespace sluice::actors::verification::formats
