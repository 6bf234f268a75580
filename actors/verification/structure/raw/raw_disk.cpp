// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/structure/raw/raw_disk.hpp"

#include <algorithm>
#include <iterator>
#include <optional>

#include "actors/verification/formats/partition_records.hpp"
#include "actors/verification/structure/image_part.hpp"
#include "actors/verification/structure/luks/luks_volume.hpp"
#include "actors/verification/structure/raw/filesystems.hpp"
#include "actors/verification/structure/raw/partitions.hpp"
#include "actors/verification/structure/virtual_size.hpp"

namespace sluice::actors::verification::structure {
namespace {

using schemas::error_code;
using schemas::failure;
using schemas::refuse;
using schemas::result;

struct tables {
  bool any = false;
  std::uint64_t gpt_end = 0;  ///< where a GUID partition table says the disk ends; a boot record says nothing of it
  raw::partitioning partitions;
};

result<void> take(tables& into, result<raw::partitioning> found) {
  if (!found)
    return schemas::unexpected<failure>{found.error()};
  into.any = true;
  auto& partitions = into.partitions.partitions;
  // A hybrid disk lists some partitions in both tables.
  for (const auto& each : found->partitions)
    if (std::ranges::find(partitions, each.offset, &raw::partition::offset) == partitions.end())
      partitions.push_back(each);
  into.partitions.end = std::max(into.partitions.end, found->end);
  std::ranges::move(found->remarks, std::back_inserter(into.partitions.remarks));
  return {};
}

result<tables> read_tables(image_bytes& image, walk_budget& budget) {
  tables found;
  const auto front = image_piece::read(image, 0, std::min<std::uint64_t>(image.size(), 4608), budget);
  if (!front)
    return schemas::unexpected<failure>{front.error()};
  const auto bytes = front->bytes();
  const auto entries = formats::read_mbr(bytes);
  if (!formats::holds(bytes, 510, formats::boot_signature) || !formats::is_sane(entries))
    return found;
  result<void> judged;
  if (formats::is_protective(entries)) {
    const bool small = formats::holds(bytes, 512, formats::gpt_signature);
    const std::uint64_t sector = !small && formats::holds(bytes, 4096, formats::gpt_signature) ? 4096 : 512;
    const bool from_the_start = std::ranges::any_of(
        entries, [](const auto& entry) { return entry.type == formats::protective_type && entry.start == 1; });
    if (!from_the_start)
      return formats::corrupt_gpt("the protective partition does not begin at sector 1");
    judged = take(found, raw::read_gpt(image, sector, budget));
    found.gpt_end = found.partitions.end;
  }
  if (judged)
    judged = take(found, raw::read_mbr(image, budget));
  if (!judged)
    return schemas::unexpected<failure>{judged.error()};
  return found;
}

/// What is in the partitions, one remark for those that hold nothing known.
result<void> look_inside(image_bytes& image, const raw::partitioning& partitions, walk_findings& findings,
                         walk_budget& budget) {
  std::size_t unknown = 0;
  for (const auto& each : partitions.partitions) {
    auto judged = budget.step();
    if (!judged)
      return judged;
    image_part volume{image, each.offset, each.length};
    const auto title = raw::judge_filesystem(volume, budget);
    if (!title)
      return schemas::unexpected<failure>{title.error()};
    unknown += title->has_value() ? 0 : 1;
  }
  if (unknown != 0)
    findings.remarks.push_back("What is in " + std::to_string(unknown) + " of the disk's " +
                               std::to_string(partitions.partitions.size()) +
                               " partitions is no filesystem that is known here and was not inspected.");
  return {};
}

/// A disk that is encrypted as a whole asks the host for as much as a LUKS volume that is called so.
result<std::optional<walk_findings>> walk_if_encrypted(image_bytes& image, const walk_policy& policy,
                                                       walk_budget& budget) {
  const auto front = image_piece::read(image, 0, std::min<std::uint64_t>(image.size(), luks::magic.size()), budget);
  if (!front)
    return schemas::unexpected<failure>{front.error()};
  if (!formats::holds(front->bytes(), 0, luks::magic))
    return std::optional<walk_findings>{};
  auto walked = walk_luks(image, policy, budget);
  if (!walked)
    return schemas::unexpected<failure>{walked.error()};
  return std::optional{std::move(*walked)};
}

}  // namespace

result<void> judge_trailing_bytes(std::uint64_t end, std::uint64_t total, const walk_policy& policy,
                                  walk_findings& findings) {
  if (end >= total)
    return {};
  const auto words = std::to_string(total - end) + " bytes follow after the end that the disk's table gives it";
  if (!policy.accept_trailing_bytes)
    return refuse(error_code::image_corrupt,
                  words +
                      ", which the operator does not accept. Move the table to the end with 'sgdisk -e', or cut "
                      "the file there.");
  findings.remarks.push_back(words + "; they were not inspected.");
  return {};
}

result<walk_findings> walk_raw(image_bytes& image, const walk_policy& policy, walk_budget& budget) {
  walk_findings findings;
  findings.disk_format = "raw";
  findings.virtual_size = formats::round_up(image.size(), 512);
  const auto sized = check_virtual_size(findings.virtual_size, policy);
  if (!sized)
    return schemas::unexpected<failure>{sized.error()};
  const auto found = read_tables(image, budget);
  if (!found)
    return schemas::unexpected<failure>{found.error()};
  findings.remarks = found->partitions.remarks;
  result<void> judged;
  if (found->gpt_end != 0)
    judged = judge_trailing_bytes(found->gpt_end, image.size(), policy, findings);
  if (judged && found->any)
    judged = look_inside(image, found->partitions, findings, budget);
  if (!judged)
    return schemas::unexpected<failure>{judged.error()};
  if (found->any)
    return findings;
  const auto encrypted = walk_if_encrypted(image, policy, budget);
  if (!encrypted)
    return schemas::unexpected<failure>{encrypted.error()};
  if (*encrypted) {
    findings.remarks = (*encrypted)->remarks;
    return findings;
  }
  const auto of_disk = raw::judge_filesystem(image, budget);
  if (!of_disk)
    return schemas::unexpected<failure>{of_disk.error()};
  if (!of_disk->has_value())
    findings.remarks.emplace_back("No partition table and no filesystem that is known here: nothing was inspected.");
  return findings;
}

}  // namespace sluice::actors::verification::structure
