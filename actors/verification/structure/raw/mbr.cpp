// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "actors/verification/formats/partition_records.hpp"
#include "actors/verification/structure/image_part.hpp"
#include "actors/verification/structure/raw/partitions.hpp"

namespace sluice::actors::verification::structure::raw {
namespace {

using formats::mbr_partition;
using schemas::error_code;
using schemas::refuse;
using schemas::result;

constexpr std::uint64_t sector = 512;
constexpr std::size_t most_logical_partitions = 256;  // Linux reads as many on one disk

bool is_extended(const mbr_partition& entry) {
  return entry.type == 0x05 || entry.type == 0x0F || entry.type == 0x85;
}

result<void> corrupt(std::string_view what) {
  return refuse(error_code::image_corrupt, "The disk's table of partitions is damaged: " + std::string{what} +
                                               ". Repair it with 'sfdisk' and try again, or get the image anew.");
}

/// Adds a partition of `entry` that begins `base` sectors into the disk.
result<void> add(partitioning& found, const mbr_partition& entry, std::uint64_t base, std::uint64_t total) {
  const partition added{(base + entry.start) * sector, entry.length * sector};
  if (!formats::lies_within(added.offset, added.length, total))
    return refuse(error_code::image_truncated,
                  "The disk's partition table needs " + std::to_string(added.offset + added.length) +
                      " bytes but the file has only " + std::to_string(total) +
                      ". It was cut off: get it anew, and give 'expect.size' or 'expect.checksum' to notice it at "
                      "once.");
  found.partitions.push_back(added);
  found.end = std::max(found.end, added.offset + added.length);
  return {};
}

/// The chain of extended boot records in the extended partition `outer`: each describes one logical partition and says
/// where the next record is.
class extended_chain {
 public:
  extended_chain(image_bytes& disk, const mbr_partition& outer, walk_budget& budget)
      : disk_{disk}, outer_{outer}, budget_{budget} {}

  result<void> follow(partitioning& found) {
    auto at = outer_.start;
    for (std::size_t count = 0; count <= most_logical_partitions; ++count) {
      auto stepped = budget_.step();
      if (!stepped)
        return stepped;
      if (!seen_.insert(at).second)
        return corrupt("the chain of logical partitions turns in a circle");
      records_.push_back({at * sector, sector});
      const auto next = read_record(at, count == 0, found);
      if (!next)
        return schemas::unexpected<schemas::failure>{next.error()};
      if (*next == 0)
        return {};
      at = outer_.start + *next;
    }
    return corrupt("the chain of logical partitions has no end");
  }

  /// Where the records themselves are.
  [[nodiscard]] const std::vector<partition>& records() const noexcept { return records_; }

 private:
  /// Where the next record is, in sectors from the extended partition's start; 0 when this is the last.
  result<std::uint64_t> read_record(std::uint64_t at, bool first, partitioning& found) {
    const auto block = image_piece::read(disk_, at * sector, sector, budget_);
    if (!block)
      return schemas::unexpected<schemas::failure>{block.error()};
    if (!formats::holds(block->bytes(), 510, formats::boot_signature)) {
      if (first && formats::all_zero(block->bytes()))
        return 0;  // an extended partition that nothing was put into yet
      return schemas::unexpected<schemas::failure>{corrupt("a logical partition's record is missing").error()};
    }
    const auto entries = formats::read_mbr(block->bytes());
    std::uint64_t next = 0;
    // The last two entries are unused; some old systems left remains in them.
    for (std::size_t i = 0; i < 2; ++i) {
      const auto& entry = entries[i];
      if (entry.type == 0 || entry.length == 0)
        continue;
      const auto judged = is_extended(entry) ? take_link(entry, next) : take_logical(entry, at, found);
      if (!judged)
        return schemas::unexpected<schemas::failure>{judged.error()};
    }
    return next;
  }

  result<void> take_link(const mbr_partition& entry, std::uint64_t& next) const {
    if (next != 0)
      return corrupt("a logical partition has two successors");
    if (entry.start == 0 || entry.start >= outer_.length)
      return corrupt("a logical partition's record lies outside the extended partition");
    next = entry.start;
    return {};
  }

  result<void> take_logical(const mbr_partition& entry, std::uint64_t at, partitioning& found) const {
    if (entry.start == 0 || at + entry.end() > outer_.end())
      return corrupt("a logical partition lies outside the extended partition");
    return add(found, entry, at, disk_.size());
  }

  image_bytes& disk_;
  mbr_partition outer_;
  walk_budget& budget_;
  std::set<std::uint64_t> seen_;
  std::vector<partition> records_;
};

/// Logical partitions were held against their extended one; what is left is whether two lie over each other.
result<void> check_apart(std::vector<partition> partitions) {
  std::ranges::sort(partitions, {}, &partition::offset);
  for (std::size_t i = 1; i < partitions.size(); ++i)
    if (partitions[i - 1].offset + partitions[i - 1].length > partitions[i].offset)
      return refuse(error_code::overlapping_structures,
                    "Two partitions of the disk, or one and the record of another, claim the bytes from offset " +
                        std::to_string(partitions[i].offset) +
                        " on. Repair the table with 'sfdisk' and try again, or get the image anew.");
  return {};
}

}  // namespace

result<partitioning> read_mbr(image_bytes& disk, walk_budget& budget) {
  const auto block = image_piece::read(disk, 0, sector, budget);
  if (!block)
    return schemas::unexpected<schemas::failure>{block.error()};
  partitioning found;
  const auto entries = formats::read_mbr(block->bytes());
  std::vector<mbr_partition> extended;
  std::size_t active = 0;
  result<void> judged;
  for (const auto& entry : entries) {
    if (entry.type == 0 || entry.type == formats::protective_type || !judged)
      continue;
    active += entry.flag == 0x80 ? 1 : 0;
    judged = add(found, entry, 0, disk.size());
    if (judged && is_extended(entry))
      extended.push_back(entry);
  }
  if (judged)
    judged = check_apart(found.partitions);
  std::vector<partition> taken;
  for (const auto& outer : extended) {
    // What is inside is looked at instead.
    std::erase_if(found.partitions, [&](const auto& each) { return each.offset == outer.start * sector; });
    extended_chain chain{disk, outer, budget};
    if (judged)
      judged = chain.follow(found);
    taken.insert(taken.end(), chain.records().begin(), chain.records().end());
  }
  taken.insert(taken.end(), found.partitions.begin(), found.partitions.end());
  if (judged)
    judged = check_apart(taken);
  if (!judged)
    return schemas::unexpected<schemas::failure>{judged.error()};
  if (active > 1)
    found.remarks.emplace_back("More than one partition is marked as the one to boot from.");
  return found;
}

}  // namespace sluice::actors::verification::structure::raw
