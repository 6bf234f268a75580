// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/partition_records.hpp"
#include "actors/verification/structure/image_part.hpp"
#include "actors/verification/structure/iso/volume.hpp"

namespace sluice::actors::verification::structure::iso {
namespace {

using schemas::failure;
using schemas::result;

/// Programs round a hybrid's partitions up to whole cylinders, of at most 255 heads with 63 sectors each.
constexpr std::uint64_t cylinder = std::uint64_t{255} * 63 * 512;

result<void> check_end(std::uint64_t start, std::uint64_t end, std::uint64_t total) {
  if (start >= total || end > total + cylinder)
    return cut_off("a partition", end, total);
  return {};
}

/// The entries of a GPT that is sound in itself; one that is not is left to those who read it.
result<void> check_gpt(image_bytes& image, formats::bytes_view sector, walk_findings& findings, walk_budget& budget) {
  const auto header = formats::read_gpt_header(sector, 1);
  if (!header) {
    findings.remarks.emplace_back("The GUID partition table beside the ISO filesystem is not sound.");
    return {};
  }
  const auto entries = image_piece::read(image, header->entries * 512, header->entries_bytes(), budget);
  if (!entries)
    return schemas::unexpected<failure>{entries.error()};
  for (std::uint64_t i = 0; i < header->count; ++i) {
    auto judged = budget.step();
    const auto entry = formats::slice(entries->bytes(), i * header->entry_size, header->entry_size);
    const auto first = formats::read_little_endian<std::uint64_t>(entry, 32);
    const auto last = formats::read_little_endian<std::uint64_t>(entry, 40);
    if (judged && !formats::all_zero(formats::slice(entry, 0, 16)) && first < formats::lba_limit &&
        last < formats::lba_limit)
      judged = check_end(first * 512, (last + 1) * 512, image.size());
    if (!judged)
      return judged;
  }
  if ((header->alternate + 1) * 512 != image.size())
    findings.remarks.emplace_back(
        "The GUID partition table beside the ISO filesystem does not end where the file does.");
  return {};
}

}  // namespace

result<void> check_hybrid(image_bytes& image, walk_findings& findings, walk_budget& budget) {
  const auto front = image_piece::read(image, 0, 1024, budget);
  if (!front)
    return schemas::unexpected<failure>{front.error()};
  const auto entries = formats::read_mbr(front->bytes());
  if (!formats::holds(front->bytes(), 510, formats::boot_signature) || !formats::is_sane(entries))
    return {};
  result<void> judged;
  for (const auto& entry : entries)
    if (judged && entry.type != 0 && entry.type != formats::protective_type)
      judged = check_end(entry.start * 512, entry.end() * 512, image.size());
  if (judged && formats::holds(front->bytes(), 512, formats::gpt_signature))
    judged = check_gpt(image, front->bytes().subspan(512), findings, budget);
  return judged;
}

}  // namespace sluice::actors::verification::structure::iso
