// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "actors/verification/formats/vmdk_header.hpp"
#include "actors/verification/structure/file_map.hpp"
#include "actors/verification/structure/image_bytes.hpp"

namespace sluice::actors::verification::structure::vmdk {

/// What is done with each grain that a table names.
class grain_visitor {
 public:
  grain_visitor() = default;
  grain_visitor(const grain_visitor&) = delete;
  grain_visitor& operator=(const grain_visitor&) = delete;
  virtual ~grain_visitor() = default;

  /// The grain that begins at sector `position` of the disk is at sector `place` of the file; `visible` bytes of it are
  /// within the capacity.
  [[nodiscard]] virtual schemas::result<void> visit(std::uint64_t position, std::uint64_t place,
                                                    std::uint64_t visible) = 0;
};

/// The directory, its tables, and the redundant ones, of which QEMU writes both and reads the primary ones.
class grain_tables {
 public:
  /// `header` is the footer where the directory is at the end; `check_vmdk_header` passed it.
  grain_tables(image_bytes& image, walk_budget& budget, const formats::vmdk_header& header)
      : image_{image}, budget_{budget}, header_{header} {}

  /// Claims directories and tables in `map` and visits every grain. Guarantees: all in the file and apart; both copies
  /// say the same; no grain behind the capacity.
  [[nodiscard]] schemas::result<void> follow(file_map& map, grain_visitor& visitor);

  /// The sector of the file where the grain with sector `position` of the disk is; 0 or 1 when it is not. Reads the
  /// table that has it, and keeps it for the next call.
  [[nodiscard]] schemas::result<std::uint32_t> place_of(std::uint64_t position);

  [[nodiscard]] std::uint64_t table_sectors() const noexcept;
  [[nodiscard]] std::uint64_t directory_sectors() const noexcept;

 private:
  [[nodiscard]] bool redundant() const noexcept;
  [[nodiscard]] schemas::result<void> claim_directories(file_map& map);
  [[nodiscard]] schemas::result<void> follow_table(file_map& map, std::uint64_t index, std::uint32_t place,
                                                   std::uint32_t copy, grain_visitor& visitor);
  [[nodiscard]] schemas::result<void> check_copy(file_map& map, std::uint32_t copy);

  image_bytes& image_;
  walk_budget& budget_;
  const formats::vmdk_header& header_;
  std::vector<std::byte> table_;              // the table read last
  std::vector<std::byte> other_;              // its copy, to compare
  std::uint64_t loaded_ = ~std::uint64_t{0};  // which one `table_` is, counted in the directory
};

}  // namespace sluice::actors::verification::structure::vmdk
