// SPDX-License-Identifier: Apache-2.0
#include "http/api/import_view.hpp"

#include <string_view>

namespace sluice::http {
namespace {

using actors::import_limit;
using actors::import_phase;
using schemas::image_import_status;

std::string_view to_word(import_phase phase) noexcept {
  switch (phase) {
    case import_phase::waiting: return "waiting";
    case import_phase::resuming: return "resuming";
    case import_phase::fetching: return "fetching";
    case import_phase::verifying: return "verifying";
    case import_phase::converting: return "converting";
    case import_phase::digesting: return "digesting";
    case import_phase::publishing: return "publishing";
  }
  return "waiting";
}

std::string_view to_word(import_limit limit) noexcept {
  switch (limit) {
    case import_limit::unknown: return "";
    case import_limit::queue: return "queue";
    case import_limit::source: return "source";
    case import_limit::bandwidth: return "bandwidth";
    case import_limit::serving: return "serving";
    case import_limit::share: return "share";
    case import_limit::digest: return "digest";
    case import_limit::disk: return "disk";
  }
  return "";
}

/// When the board does not know the import (yet, or any more), the record does.
import_phase phase_of(image_import_status status) noexcept {
  switch (status) {
    case image_import_status::waiting: return import_phase::waiting;
    case image_import_status::uploading: return import_phase::fetching;
    case image_import_status::verifying:
    case image_import_status::success:
    case image_import_status::failure: return import_phase::verifying;
  }
  return import_phase::waiting;
}

}  // namespace

std::optional<schemas::progress_view> view_progress(const schemas::image_import& record,
                                                    const actors::progress_board& board, std::uint64_t queue_position) {
  if (schemas::is_final(record.status))
    return std::nullopt;
  schemas::progress_view view;
  auto phase = phase_of(record.status);
  auto limit = import_limit::unknown;
  view.bytes = record.durable_bytes;
  std::uint64_t total = record.total.value_or(0);
  std::uint64_t rate = 0;
  const auto live = board.find(record.id);
  if (live && record.status != image_import_status::waiting) {
    phase = live->phase.load(std::memory_order_relaxed);
    limit = live->limited_by.load(std::memory_order_relaxed);
    view.bytes = live->bytes.load(std::memory_order_relaxed);
    rate = live->rate.load(std::memory_order_relaxed);
    if (const auto announced = live->total.load(std::memory_order_relaxed); announced != 0)
      total = announced;
  }
  if (record.status == image_import_status::waiting) {
    limit = import_limit::queue;
    if (queue_position != 0)
      view.queue_position = queue_position;
  }
  if (phase == import_phase::converting)
    total = 0;
  if (total != 0)
    view.total = total;
  if (rate != 0 && phase == import_phase::fetching) {
    view.rate = rate;
    if (total > view.bytes)
      view.eta = (total - view.bytes + rate - 1) / rate;
  }
  view.phase = to_word(phase);
  view.limited_by = to_word(limit);
  return view;
}

}  // namespace sluice::http
