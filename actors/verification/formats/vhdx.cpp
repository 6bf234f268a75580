// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/vhdx.hpp"

namespace sluice::actors::verification::formats {
namespace {

using schemas::error_code;
using schemas::refuse;
using schemas::result;

result<void> truncated() {
  return refuse(
      error_code::image_truncated,
      "The VHDX ends before all that its tables name. The file was cut off: get it anew, and give 'expect.size' or "
      "'expect.checksum' to notice it at once.");
}

}  // namespace

presence vhdx_inspector::recognise(const image_window& window) {
  return magic_at(window, 0, "vhdxfile");
}

result<void> vhdx_inspector::examine(const image_window& window) {
  if (!window.front_closed() || headers_[0])
    return {};
  for (std::size_t i = 0; i < 2; ++i) {
    headers_[i].emplace(vhdx_places::headers[i], vhdx_places::header_size);
    region_tables_[i].emplace(vhdx_places::region_tables[i], vhdx_places::table_size);
  }
  return feed(0, window.front);
}

result<void> vhdx_inspector::feed(std::uint64_t offset, bytes_view piece) {
  if (judged_)
    return {};
  // One piece may hold a table and what the table points at: the later captures see the same piece again.
  for (auto* captures : {&headers_, &region_tables_})
    for (auto& capture : *captures)
      capture->feed(offset, piece);
  auto judged = advance();
  for (int step = 0; step < 2 && judged && !judged_; ++step) {
    for (auto* capture : {&metadata_table_, &parameters_, &disk_size_, &sector_size_})
      if (*capture)
        (*capture)->feed(offset, piece);
    judged = advance();
  }
  return judged;
}

result<void> vhdx_inspector::advance() {
  if (!region_tables_[1]->complete())
    return {};
  if (!metadata_table_) {
    auto judged = judge_headers();
    if (judged)
      judged = judge_regions();
    return judged;
  }
  if (!metadata_table_->complete())
    return {};
  if (!disk_size_)
    return read_metadata_table();
  if (!parameters_->complete() || !disk_size_->complete() || !sector_size_->complete())
    return {};
  return judge_metadata();
}

result<void> vhdx_inspector::judge_headers() {
  const auto header = read_vhdx_headers(headers_[0]->bytes(), headers_[1]->bytes());
  if (!header)
    return schemas::unexpected<schemas::failure>{header.error()};
  if (!all_zero(header->log_id))
    return vhdx_not_closed();
  log_ = header->log;
  return {};
}

result<void> vhdx_inspector::judge_regions() {
  const auto regions = read_vhdx_region_tables(region_tables_[0]->bytes(), region_tables_[1]->bytes(), log_);
  if (!regions)
    return schemas::unexpected<schemas::failure>{regions.error()};
  block_table_ = regions->block_table;
  metadata_ = regions->metadata;
  metadata_table_.emplace(metadata_.offset, vhdx_places::table_size);
  return {};
}

result<void> vhdx_inspector::read_metadata_table() {
  const auto items = read_vhdx_metadata_table(metadata_table_->bytes(), metadata_.length);
  if (!items)
    return schemas::unexpected<schemas::failure>{items.error()};
  const auto follow = [this](std::optional<region_capture>& capture, const vhdx_region& item) {
    capture.emplace(metadata_.offset + item.offset, static_cast<std::size_t>(item.length));
  };
  follow(parameters_, *items->parameters);
  follow(disk_size_, *items->disk_size);
  follow(sector_size_, *items->sector_size);
  return {};
}

result<void> vhdx_inspector::judge_metadata() {
  const auto disk =
      read_vhdx_disk(parameters_->bytes(), disk_size_->bytes(), sector_size_->bytes(), block_table_.length);
  if (!disk)
    return schemas::unexpected<schemas::failure>{disk.error()};
  virtual_size_ = disk->size;
  judged_ = true;
  return {};
}

result<std::uint64_t> vhdx_inspector::finish(const image_window& window) {
  auto judged = examine(window);
  const auto total = window.total.value_or(0);
  const auto inside = [total](const vhdx_region& part) { return lies_within(part.offset, part.length, total); };
  if (judged && (!judged_ || !inside(log_) || !inside(block_table_) || !inside(metadata_)))
    judged = truncated();
  if (!judged)
    return schemas::unexpected<schemas::failure>{judged.error()};
  return virtual_size_.value_or(0);
}

}  // namespace sluice::actors::verification::formats
