// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/structure/qcow2/guest_tables.hpp"

#include <algorithm>
#include <bit>
#include <string>

#include "actors/verification/formats/bytes.hpp"
#include "actors/verification/structure/table_entries.hpp"

namespace sluice::actors::verification::structure::qcow2 {
namespace {

using schemas::error_code;
using schemas::result;

constexpr std::uint64_t copied = std::uint64_t{1} << 63;
constexpr std::uint64_t compressed = std::uint64_t{1} << 62;
constexpr std::uint64_t reads_as_zeros = 1;
constexpr std::uint64_t offset_mask = 0x00fffffffffffe00;
constexpr std::uint64_t l1_reserved = 0x7f000000000001ff;
constexpr std::uint64_t l2_reserved = 0x3f000000000001fe;
constexpr unsigned subclusters_in_cluster = 32;

schemas::unexpected<schemas::failure> reserved(std::string_view table, std::uint64_t entry) {
  return damaged(error_code::image_corrupt, "An entry of an " + std::string{table} +
                                                " table of the qcow2 image has bits set that must be zero (it is " +
                                                std::to_string(entry) + ")");
}

}  // namespace

result<void> guest_tables::claim_l2_tables(l1_table table, bool active) {
  ++disks_;
  return for_each_entry<std::uint64_t, byte_order::big>(
      image_, budget_, table.offset, table.entries, [&](std::uint64_t, std::uint64_t entry) -> result<void> {
        const auto offset = entry & offset_mask;
        if (entry == 0)
          return {};
        if ((entry & l1_reserved) != 0 || offset == 0)
          return reserved("L1", entry);
        if (offset % fields_.cluster() != 0)
          return damaged(error_code::image_corrupt, "An L2 table of the qcow2 image starts at offset " +
                                                        std::to_string(offset) + ", which is not a cluster's boundary");
        if (!formats::lies_within(offset, fields_.cluster(), image_.size()))
          return damaged(error_code::image_truncated, "An L2 table of the qcow2 image is at offset " +
                                                          std::to_string(offset) + ", but the file has only " +
                                                          std::to_string(image_.size()) + " bytes");
        const auto cluster = offset >> fields_.cluster_bits;
        if (auto shared = use_.share(content::l2_table, cluster, 1, disks_); !shared)
          return shared;
        if (active)
          use_.note_copied_flag(cluster, (entry & copied) != 0);
        return {};
      });
}

result<void> guest_tables::follow_l2_tables(l1_table table, bool active) {
  return for_each_entry<std::uint64_t, byte_order::big>(image_, budget_, table.offset, table.entries,
                                                        [&](std::uint64_t index, std::uint64_t entry) -> result<void> {
                                                          const auto offset = entry & offset_mask;
                                                          const auto cluster = offset >> fields_.cluster_bits;
                                                          if (offset == 0 || !use_.visit(cluster))
                                                            return {};
                                                          place first;
                                                          first.guest_offset = index * fields_.l2_covers();
                                                          first.times = use_.users(cluster);
                                                          first.active = active;
                                                          return follow_l2_table(offset, first);
                                                        });
}

result<void> guest_tables::follow_l2_table(std::uint64_t offset, place first) {
  auto where = first;
  if (!fields_.extended_l2)
    return for_each_entry<std::uint64_t, byte_order::big>(
        image_, budget_, offset, fields_.l2_entries(), [&](std::uint64_t index, std::uint64_t entry) -> result<void> {
          if (entry == 0)
            return {};
          where.guest_offset = first.guest_offset + (index << fields_.cluster_bits);
          return follow_entry(entry, 0, where);
        });
  // Descriptor and bitmap take turns; both stand in one piece of the table, so neither is skipped alone.
  std::uint64_t descriptor = 0;
  return for_each_entry<std::uint64_t, byte_order::big>(
      image_, budget_, offset, fields_.l2_entries() * 2, [&](std::uint64_t index, std::uint64_t value) -> result<void> {
        if (index % 2 == 0) {
          descriptor = value;
          return {};
        }
        if ((descriptor | value) == 0)
          return {};
        where.guest_offset = first.guest_offset + ((index / 2) << fields_.cluster_bits);
        return follow_entry(descriptor, value, where);
      });
}

result<void> guest_tables::follow_entry(std::uint64_t entry, std::uint64_t subclusters, place where) {
  if ((entry & compressed) != 0) {
    if (subclusters != 0)
      return damaged(error_code::image_corrupt,
                     "A compressed cluster of the qcow2 image has subclusters, which only plain ones have");
    if (where.active && where.guest_offset < fields_.virtual_size())
      allocated_ += std::min(fields_.cluster(), fields_.virtual_size() - where.guest_offset);
    return compressed_.follow(image_, entry, where.times, where.active, use_, budget_);
  }
  const bool zero_flag_allowed = fields_.version >= 3 && !fields_.extended_l2;
  if ((entry & l2_reserved) != 0 || ((entry & reads_as_zeros) != 0 && !zero_flag_allowed))
    return reserved("L2", entry);
  const auto holding = subclusters & 0xffffffff;
  const auto zero = subclusters >> subclusters_in_cluster;
  if ((holding & zero) != 0)
    return damaged(error_code::image_corrupt,
                   "A subcluster of the qcow2 image is marked as allocated and as zeros at once");
  if ((entry & offset_mask) != 0)
    return follow_data(entry, subclusters, where);
  if (holding != 0)
    return damaged(error_code::image_corrupt,
                   "A cluster of the qcow2 image has allocated subclusters, but no place in the file");
  if ((entry & copied) != 0)
    return reserved("L2", entry);
  return {};
}

result<void> guest_tables::follow_data(std::uint64_t entry, std::uint64_t subclusters, place where) {
  const auto offset = entry & offset_mask;
  const auto at = [offset] { return "The data cluster at offset " + std::to_string(offset) + " of the qcow2 image "; };
  if (offset % fields_.cluster() != 0)
    return damaged(error_code::image_corrupt, at() + "does not start at a cluster's boundary");
  // Bytes from the cluster's start on that the guest can read; the rest may never have been written.
  std::uint64_t needed = 1;
  std::uint64_t held = 0;
  if (where.active && where.guest_offset < fields_.virtual_size() && (entry & reads_as_zeros) == 0) {
    needed = std::min(fields_.cluster(), fields_.virtual_size() - where.guest_offset);
    held = needed;
    if (fields_.extended_l2) {
      const auto holding = static_cast<std::uint32_t>(subclusters);
      const auto subcluster = fields_.cluster() / subclusters_in_cluster;
      needed = std::clamp<std::uint64_t>(std::bit_width(holding) * subcluster, 1, needed);
      held = std::min(held, static_cast<std::uint64_t>(std::popcount(holding)) * subcluster);
    }
  }
  if (!formats::lies_within(offset, needed, image_.size()))
    return damaged(error_code::image_truncated, at() + "must have " + std::to_string(needed) +
                                                    " bytes, but the file has only " + std::to_string(image_.size()));
  const auto cluster = offset >> fields_.cluster_bits;
  // The active disk uses each cluster once; its own tables may serve snapshots as well.
  const auto most = where.active ? where.times : disks_;
  if (auto shared = use_.share(content::guest_data, cluster, where.times, most); !shared)
    return shared;
  if (where.active)
    use_.note_copied_flag(cluster, (entry & copied) != 0);
  allocated_ += held;
  return {};
}

}  // namespace sluice::actors::verification::structure::qcow2
