// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/structure/qcow2/snapshots.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "actors/verification/formats/bytes.hpp"

namespace sluice::actors::verification::structure::qcow2 {
namespace {

using formats::read_big_endian;
using schemas::error_code;
using schemas::result;

constexpr std::uint64_t entry_part = 40;                          // bytes of an entry before its extra data
constexpr std::uint64_t known_extra = 16;                         // size of the VM's state, size of the disk
constexpr std::uint32_t longest_extra = 1024;                     // bytes; QEMU's own limit
constexpr std::uint64_t longest_table = std::uint64_t{64} << 20;  // bytes; QEMU's own limit

struct snapshot {
  l1_table table;
  std::uint64_t end = 0;  ///< offset behind its entry
};

result<void> check_table(const header& fields, const l1_table& table, std::uint64_t disk_size) {
  if (table.entries > longest_l1_table / 8 || (table.entries != 0 && table.offset == 0) ||
      table.offset % fields.cluster() != 0 || table.offset >= farthest_offset)
    return damaged(error_code::image_corrupt,
                   "The L1 table of a snapshot in the qcow2 image must start at a cluster's boundary and be at most 32 "
                   "MiB long; it is at offset " +
                       std::to_string(table.offset) + " with " + std::to_string(table.entries) + " entries");
  if (disk_size > fields.l2_covers() * table.entries)
    return damaged(error_code::image_corrupt, "A snapshot in the qcow2 image is of a disk of " +
                                                  std::to_string(disk_size) + " bytes, more than its L1 table covers");
  return {};
}

result<snapshot> read_snapshot(image_bytes& image, const header& fields, std::uint64_t offset) {
  std::array<std::byte, entry_part + known_extra> entry{};
  const auto whole = std::span{entry};
  if (auto read = image.read(offset, whole.first(entry_part)); !read)
    return schemas::unexpected<schemas::failure>{read.error()};
  const auto extra = read_big_endian<std::uint32_t>(entry, 36);
  if (extra > longest_extra || (fields.version >= 3 && extra < known_extra))
    return damaged(error_code::image_corrupt, "A snapshot in the qcow2 image has " + std::to_string(extra) +
                                                  " bytes of extra data; it must have 16 to 1024");
  const auto present = std::min<std::uint64_t>(extra, known_extra);
  if (auto read = image.read(offset + entry_part, whole.subspan(entry_part, present)); !read)
    return schemas::unexpected<schemas::failure>{read.error()};
  snapshot found;
  found.table.offset = read_big_endian<std::uint64_t>(entry, 0);
  found.table.entries = read_big_endian<std::uint32_t>(entry, 8);
  found.end = offset + entry_part + extra + read_big_endian<std::uint16_t>(entry, 12) +
              read_big_endian<std::uint16_t>(entry, 14);
  const auto disk_size = present == known_extra ? read_big_endian<std::uint64_t>(entry, 48) : 0;
  if (auto judged = check_table(fields, found.table, disk_size); !judged)
    return schemas::unexpected<schemas::failure>{judged.error()};
  return found;
}

}  // namespace

result<std::vector<l1_table>> claim_snapshots(image_bytes& image, const header& fields, cluster_use& use,
                                              walk_budget& budget) {
  const auto forward = [](const auto& judged) { return schemas::unexpected<schemas::failure>{judged.error()}; };
  std::vector<l1_table> tables;
  if (fields.snapshots == 0)
    return tables;
  if (!formats::lies_within(fields.snapshots_offset, fields.snapshots * entry_part, image.size()))
    return damaged(error_code::image_truncated,
                   "The qcow2 image ends before its table of " + std::to_string(fields.snapshots) + " snapshots does");
  if (auto taken = budget.take(fields.snapshots * sizeof(l1_table)); !taken)
    return forward(taken);
  tables.reserve(fields.snapshots);
  auto end = fields.snapshots_offset;
  for (std::uint32_t i = 0; i < fields.snapshots; ++i) {
    if (auto counted = budget.step(8); !counted)
      return forward(counted);
    const auto found = read_snapshot(image, fields, formats::round_up(end, 8));
    if (!found)
      return forward(found);
    end = found->end;
    if (end - fields.snapshots_offset > longest_table)
      return damaged(error_code::image_corrupt, "The snapshot table of the qcow2 image is longer than 64 MiB");
    tables.push_back(found->table);
  }
  if (auto claimed = use.claim(content::snapshot_table, fields.snapshots_offset, end - fields.snapshots_offset);
      !claimed)
    return forward(claimed);
  for (const auto& table : tables)
    if (auto claimed = use.claim(content::l1_table, table.offset, std::uint64_t{table.entries} * 8); !claimed)
      return forward(claimed);
  return tables;
}

}  // namespace sluice::actors::verification::structure::qcow2
