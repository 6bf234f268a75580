// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "actors/verification/structure/qcow2/cluster_use.hpp"
#include "actors/verification/structure/qcow2/compressed.hpp"
#include "actors/verification/structure/qcow2/header.hpp"

namespace sluice::actors::verification::structure::qcow2 {

/// An L1 table: the root of the active disk or of a snapshot's.
struct l1_table {
  std::uint64_t offset = 0;
  std::uint32_t entries = 0;
};

/// Follows the two levels of tables from the guest's disk to the file. Snapshots share L2 tables and data, so each L2
/// table is read once, for as many disks as use it: the work stays linear in the file, whatever the snapshots say.
///
/// Claims everything in two rounds: first `claim_l2_tables` for every L1 table, then, when all metadata is claimed,
/// `follow_l2_tables` for every L1 table; the active disk before the snapshots both times.
class guest_tables {
 public:
  guest_tables(image_bytes& image, const header& fields, cluster_use& use, walk_budget& budget) noexcept
      : image_{image}, fields_{fields}, use_{use}, budget_{budget}, compressed_{fields} {}

  [[nodiscard]] schemas::result<void> claim_l2_tables(l1_table table, bool active);
  [[nodiscard]] schemas::result<void> follow_l2_tables(l1_table table, bool active);
  /// After the last table.
  [[nodiscard]] schemas::result<void> finish() { return compressed_.check_apart(budget_); }

  /// Bytes of the active disk that the file holds data for.
  [[nodiscard]] std::uint64_t allocated() const noexcept { return allocated_; }

 private:
  struct place {
    std::uint64_t guest_offset = 0;
    std::uint64_t times = 1;
    bool active = false;
  };

  [[nodiscard]] schemas::result<void> follow_l2_table(std::uint64_t offset, place first);
  [[nodiscard]] schemas::result<void> follow_entry(std::uint64_t entry, std::uint64_t subclusters, place where);
  [[nodiscard]] schemas::result<void> follow_data(std::uint64_t entry, std::uint64_t subclusters, place where);

  image_bytes& image_;
  const header& fields_;
  cluster_use& use_;
  walk_budget& budget_;
  compressed_clusters compressed_;
  std::uint64_t disks_ = 0;
  std::uint64_t allocated_ = 0;
};

}  // namespace sluice::actors::verification::structure::qcow2
