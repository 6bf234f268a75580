// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "actors/verification/formats/partition_records.hpp"
#include "actors/verification/structure/file_map.hpp"
#include "actors/verification/structure/image_part.hpp"
#include "actors/verification/structure/raw/partitions.hpp"

namespace sluice::actors::verification::structure::raw {
namespace {

using formats::corrupt_gpt;
using formats::gpt_header;
using schemas::error_code;
using schemas::refuse;
using schemas::result;

/// The header at LBA `own`, and its entries with their checksum.
struct table_copy {
  gpt_header header;
  image_piece entries;
};

result<table_copy> read_copy(image_bytes& disk, std::uint64_t own, std::uint64_t sector, walk_budget& budget) {
  const auto block = image_piece::read(disk, own * sector, 512, budget);
  if (!block)
    return schemas::unexpected<schemas::failure>{block.error()};
  const auto header = formats::read_gpt_header(block->bytes(), own);
  if (!header)
    return schemas::unexpected<schemas::failure>{header.error()};
  auto entries = image_piece::read(disk, header->entries * sector, header->entries_bytes(), budget);
  if (!entries)
    return schemas::unexpected<schemas::failure>{entries.error()};
  auto judged = budget.step(header->count);
  if (judged)
    judged = formats::check_gpt_entries(*header, entries->bytes());
  if (!judged)
    return schemas::unexpected<schemas::failure>{judged.error()};
  return table_copy{*header, std::move(*entries)};
}

bool same_disk(const gpt_header& one, const gpt_header& other) {
  return one.first_usable == other.first_usable && one.last_usable == other.last_usable && one.disk == other.disk &&
         one.count == other.count && one.entry_size == other.entry_size &&
         one.entries_checksum == other.entries_checksum;
}

/// Claims both copies of the table and every partition: nothing may lie over anything else.
result<void> claim_all(file_map& map, const table_copy& primary, const table_copy& backup, std::uint64_t sector,
                       std::vector<partition>& partitions, walk_budget& budget) {
  auto claimed = map.claim(0, sector, "the protective boot record");
  for (const auto* copy : {&primary, &backup}) {
    const bool first = copy == &primary;
    if (claimed)
      claimed = map.claim(copy->header.own * sector, sector, first ? "the primary header" : "the backup header");
    if (claimed)
      claimed = map.claim(copy->header.entries * sector, copy->header.entries_bytes(),
                          first ? "the primary table of partitions" : "the backup table of partitions");
  }
  const auto& header = primary.header;
  for (std::uint64_t i = 0; claimed && i < header.count; ++i) {
    claimed = budget.step();
    const auto entry = formats::slice(primary.entries.bytes(), i * header.entry_size, header.entry_size);
    if (!claimed || formats::all_zero(formats::slice(entry, 0, 16)))
      continue;
    const auto first = formats::read_little_endian<std::uint64_t>(entry, 32);
    const auto last = formats::read_little_endian<std::uint64_t>(entry, 40);
    const partition found{first * sector, (last - first + 1) * sector};
    partitions.push_back(found);
  }
  // In order, so that the refusal names the lower of two.
  std::ranges::sort(partitions, {}, &partition::offset);
  for (const auto& each : partitions)
    if (claimed)
      claimed = map.claim(each.offset, each.length, "a partition");
  return claimed;
}

}  // namespace

result<partitioning> read_gpt(image_bytes& disk, std::uint64_t sector, walk_budget& budget) {
  auto primary = read_copy(disk, 1, sector, budget);
  if (!primary)
    return schemas::unexpected<schemas::failure>{primary.error()};
  const auto alternate = primary->header.alternate;
  if (!formats::lies_within(alternate * sector, sector, disk.size()))
    return refuse(error_code::image_truncated,
                  "The disk's GUID partition table places its backup at byte " + std::to_string(alternate * sector) +
                      " but the file has only " + std::to_string(disk.size()) +
                      ". It was cut off: get it anew, and give 'expect.size' or 'expect.checksum' to notice it at "
                      "once.");
  auto backup = read_copy(disk, alternate, sector, budget);
  if (!backup)
    return schemas::unexpected<schemas::failure>{backup.error()};
  if (backup->header.alternate != 1 || !same_disk(primary->header, backup->header))
    return corrupt_gpt("its two copies do not say the same");
  const auto last_usable = primary->header.last_usable;
  if (primary->header.entries * sector + primary->header.entries_bytes() > primary->header.first_usable * sector ||
      backup->header.entries <= last_usable || alternate <= last_usable)
    return corrupt_gpt("a table of partitions lies inside the usable space");
  partitioning found;
  const auto taken = budget.take(primary->header.count * sizeof(partition));
  if (!taken)
    return schemas::unexpected<schemas::failure>{taken.error()};
  file_map map{disk.size(), sector, budget};
  const auto claimed = claim_all(map, *primary, *backup, sector, found.partitions, budget);
  if (!claimed)
    return schemas::unexpected<schemas::failure>{claimed.error()};
  found.end = (alternate + 1) * sector;
  return found;
}

}  // namespace sluice::actors::verification::structure::raw
