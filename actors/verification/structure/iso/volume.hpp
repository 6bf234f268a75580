// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "actors/verification/formats/bytes.hpp"
#include "actors/verification/structure/walk.hpp"

/// The parts of a walk through an ISO 9660 disc.
namespace sluice::actors::verification::structure::iso {

inline constexpr std::uint64_t sector = 2048;

/// A tree of directories, as a volume descriptor names it.
struct volume_tree {
  std::string_view title;  ///< in a sentence: "the primary volume"
  std::uint64_t block = sector;
  std::uint64_t root = 0;       ///< block of the root directory
  std::uint64_t root_size = 0;  ///< bytes
  std::uint64_t path_table_size = 0;
  std::uint64_t little_path_table = 0;  ///< block
  std::uint64_t big_path_table = 0;
};

/// The set of volume descriptors (ECMA-119 section 8, ECMA-167 part 2).
struct descriptor_set {
  std::vector<volume_tree> trees;        ///< the primary volume first; empty on a pure UDF disc
  std::optional<std::uint64_t> catalog;  ///< sector of the El Torito boot catalog
  bool universal = false;                ///< UDF structures are there
  std::uint64_t end = 0;                 ///< the volume's end, in bytes of the file
};

/// All descriptors up to the terminator; both byte orders agree, and the volume is no longer than the file.
[[nodiscard]] schemas::result<descriptor_set> read_descriptors(image_bytes& image, walk_budget& budget);

/// Both path tables are there and say the same (section 6.9).
[[nodiscard]] schemas::result<void> check_path_tables(image_bytes& image, const volume_tree& tree, walk_budget& budget);

/// Every directory of the tree, each record of it (section 6.8), and Rock Ridge's continuation areas.
[[nodiscard]] schemas::result<void> check_directories(image_bytes& image, const volume_tree& tree, walk_budget& budget);

/// One directory record's System Use Area (SUSP 1.12): entries within it, continuation areas within the file.
[[nodiscard]] schemas::result<void> check_system_use(image_bytes& image, formats::bytes_view area, std::uint64_t block,
                                                     walk_budget& budget);

/// The El Torito catalog (Bootable CD-ROM Format Specification 1.0): checksum, entries, boot images within the file.
[[nodiscard]] schemas::result<void> check_boot_catalog(image_bytes& image, std::uint64_t at, walk_budget& budget);

/// UDF: the anchor, the descriptors it leads to, the partition within the file.
[[nodiscard]] schemas::result<void> check_universal(image_bytes& image, walk_budget& budget);

/// Partition tables in the system area: no partition may be missing from the file.
[[nodiscard]] schemas::result<void> check_hybrid(image_bytes& image, walk_findings& findings, walk_budget& budget);

/// image_corrupt: "The ISO image is damaged: `what`. Get it anew." and image_truncated alike.
[[nodiscard]] schemas::unexpected<schemas::failure> damaged(std::string_view what);
[[nodiscard]] schemas::unexpected<schemas::failure> cut_off(std::string_view what, std::uint64_t needed,
                                                            std::uint64_t total);

/// A number in both byte orders, one after the other (section 7.3.3); empty when they differ.
[[nodiscard]] std::optional<std::uint32_t> both_32(formats::bytes_view bytes, std::uint64_t offset) noexcept;
[[nodiscard]] std::optional<std::uint16_t> both_16(formats::bytes_view bytes, std::uint64_t offset) noexcept;

}  // namespace sluice::actors::verification::structure::iso
