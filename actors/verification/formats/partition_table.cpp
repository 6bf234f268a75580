// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/partition_table.hpp"

#include <algorithm>

#include "actors/verification/formats/partition_records.hpp"

namespace sluice::actors::verification::formats {

using schemas::error_code;
using schemas::refuse;
using schemas::result;

presence partition_table_inspector::recognise(const image_window& window) {
  if (window.front.size() < 512)
    return window.front_closed() ? presence::absent : presence::undecided;
  if (!holds(window.front, 510, boot_signature))
    return presence::absent;
  return is_sane(read_mbr(window.front)) ? presence::present : presence::absent;
}

result<void> partition_table_inspector::examine(const image_window& window) {
  if (!window.front_closed())
    return {};
  const auto partitions = read_mbr(window.front);
  mbr_end_ = 0;
  for (const auto& p : partitions)
    if (p.type != 0 && p.type != protective_type)
      mbr_end_ = std::max(mbr_end_, p.end() * 512);
  if (!gpt_ && is_protective(partitions)) {
    const std::uint64_t sector =
        holds(window.front, 4096, gpt_signature) && !holds(window.front, 512, gpt_signature) ? 4096 : 512;
    const auto judged = examine_gpt(window, sector);
    if (!judged)
      return judged;
  }
  return window.total ? check_ends(*window.total) : result<void>{};
}

result<void> partition_table_inspector::examine_gpt(const image_window& window, std::uint64_t sector) {
  const auto header = read_gpt_header(slice(window.front, sector, 512), 1);
  if (!header)
    return schemas::unexpected<schemas::failure>{header.error()};
  if (header->alternate < 2)
    return corrupt_gpt("the header's places contradict each other");
  // Longer tables than any tool writes may leave the front: the walk at rest reads them.
  if (lies_within(header->entries * sector, header->entries_bytes(), window.front.size())) {
    auto judged = check_gpt_entries(*header, slice(window.front, header->entries * sector, header->entries_bytes()));
    if (!judged)
      return judged;
  }
  gpt_ = gpt_extent{sector, header->alternate * sector, (header->last_usable + 1) * sector};
  backup_header_.emplace(gpt_->backup, 512);
  backup_header_->feed(0, window.front);
  return {};
}

result<void> partition_table_inspector::check_ends(std::uint64_t total) const {
  const auto needed = gpt_ ? std::max(gpt_->backup + gpt_->sector, mbr_end_) : mbr_end_;
  if (needed <= total)
    return {};
  return refuse(error_code::image_truncated,
                "The disk's partition table needs " + std::to_string(needed) + " bytes but the file has only " +
                    std::to_string(total) +
                    ". It was cut off: get it anew, and give 'expect.size' or 'expect.checksum' to notice it at once.");
}

result<void> partition_table_inspector::feed(std::uint64_t offset, bytes_view piece) {
  if (!backup_header_ || backup_header_->complete())
    return {};
  backup_header_->feed(offset, piece);
  if (!backup_header_->complete())
    return {};
  return check_backup();
}

result<void> partition_table_inspector::check_backup() const {
  const auto header = read_gpt_header(backup_header_->bytes(), gpt_->backup / gpt_->sector);
  if (!header)
    return schemas::unexpected<schemas::failure>{header.error()};
  return {};
}

result<std::uint64_t> partition_table_inspector::finish(const image_window& window) {
  auto judged = examine(window);
  if (judged && backup_header_)
    judged = check_backup();
  if (!judged)
    return schemas::unexpected<schemas::failure>{judged.error()};
  return round_up(window.total.value_or(0), 512);
}

}  // namespace sluice::actors::verification::formats
