// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "actors/verification/structure/walk.hpp"

namespace sluice::actors::verification::structure {

/// Which parts of the file are used, and for what: two tables, or a table and data, that claim the same bytes are how a
/// forged image makes its reader corrupt one with the other, or stands for far more data than it holds.
///
/// Guarantees: no byte is claimed twice and none past the end of the file; memory, charged to the budget, is at most
/// the file's size / (8 x granule) and some bytes for each run of parts, whatever the order of the claims.
class file_map {
 public:
  /// Units are told apart to `granule` bytes (a power of two): the alignment that the format gives its data.
  file_map(std::uint64_t file_size, std::uint64_t granule, walk_budget& budget);
  file_map(const file_map&) = delete;
  file_map& operator=(const file_map&) = delete;
  ~file_map();

  /// A structure, exact to the byte; for what there are at most some thousands of (neighbours of one name count as
  /// one). `what` reads like "the grain directory" and lives as long as the map. Errors: image_truncated,
  /// overlapping_structures naming both parts, too_complex.
  [[nodiscard]] schemas::result<void> claim(std::uint64_t offset, std::uint64_t length, std::string_view what);

  /// A piece of data, of which there may be millions: `offset` is a multiple of the granule, the end is rounded up to
  /// one. Costs one bit a granule, and nothing for stretches that are wholly used. Counts one step of the budget.
  [[nodiscard]] schemas::result<void> claim_unit(std::uint64_t offset, std::uint64_t length, std::string_view what);

  /// Just behind the last byte claimed, in bytes.
  [[nodiscard]] std::uint64_t end() const noexcept { return end_; }

 private:
  static constexpr std::uint64_t granules_per_page = 1 << 15;
  struct page {
    std::uint64_t bits[granules_per_page / 64]{};
  };
  struct part {
    std::uint64_t end;
    std::string_view what;
  };

  [[nodiscard]] const part* part_within(std::uint64_t offset, std::uint64_t length) const;
  [[nodiscard]] bool unit_within(std::uint64_t first, std::uint64_t last) const;
  [[nodiscard]] schemas::result<void> mark(std::uint64_t first, std::uint64_t last);
  [[nodiscard]] schemas::result<void> prepare_pages();
  [[nodiscard]] schemas::result<void> charge(std::uint64_t bytes);

  std::uint64_t file_size_;
  std::uint64_t granule_;
  walk_budget& budget_;
  std::map<std::uint64_t, part> parts_;         // by where they begin
  std::vector<std::unique_ptr<page>> pages_;    // one for each stretch of the file that is used in part
  std::vector<std::uint32_t> used_;             // granules used of each stretch; a full one needs no page
  std::vector<std::string_view> unit_names_{};  // few: what units were called, to name the other of two
  std::uint64_t end_ = 0;
  std::uint64_t charged_ = 0;
};

}  // namespace sluice::actors::verification::structure
