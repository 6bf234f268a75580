// SPDX-License-Identifier: Apache-2.0
// The part of an import_run that takes off what is packed around an image.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "actors/pipeline/import_run.hpp"

namespace sluice::actors {

std::unique_ptr<import_lanes> import_run::new_lanes(bool unpacks) const {
  return std::make_unique<import_lanes>(job_.record, claims_, parts_.options, parts_.live_runs() <= 1, unpacks);
}

void import_run::look_for_packing() {
  namespace packaging = verification::packaging;
  sniffed_ = true;
  const auto front = filling_.bytes().first(filled_);
  const auto kind = packaging::sniff(front.first(std::min(front.size(), packaging::sniffed_front)));
  const auto& allowed = parts_.options.verify.unpack;
  // What may not be unpacked is refused by the inspection, which says what it is.
  if (!kind || std::find(allowed.begin(), allowed.end(), packaging::to_string(*kind)) == allowed.end())
    return;
  spdlog::info("pipeline: task={} image={} unpacks {}", id_, job_.record.image_id, packaging::to_string(*kind));
  packaging::unpacking_limits limits;
  limits.most_output = parts_.options.imports.max_image_size;
  limits.most_ratio = parts_.options.verify.unpack_ratio;
  // New ones: what is announced is the length of what is received, not of the image.
  lanes_ = new_lanes(true);
  unpacking_ = std::make_unique<unpack_lane>(*kind, limits, lanes_->of_received_bytes());
  unpacking_stream_ = std::make_shared<digest_stream>(std::vector<lane*>{unpacking_.get()});
  std::copy(front.begin(), front.end(), unpacking_->room().begin());
  unpacking_->received(front.size());
  filled_ = 0;
}

boost::asio::awaitable<void> import_run::pass_on() {
  if (!sniffed_ && launched_ == 0 && filling_)
    look_for_packing();
  if (unpacking_) {
    auto working = unpack();
    co_await std::move(working);
  } else if (filling_ && filled_ > 0) {
    launch(std::move(filling_), filled_, true);
  }
}

boost::asio::awaitable<void> import_run::unpack() {
  while (!interrupted()) {
    if (!filling_) {
      auto waiting = next_block();
      filling_ = co_await std::move(waiting);
      filled_ = 0;
    }
    if (launched_ + block_pool::block_size > promised_)
      reserve(launched_ + reservation_step);
    if (interrupted())
      co_return;
    auto working = order(filling_.bytes().subspan(filled_));
    co_await std::move(working);
    if (interrupted())
      co_return;
    filled_ += unpacking_->produced();
    if (filled_ == block_pool::block_size)
      launch(std::move(filling_), filled_, true);
    else if (!unpacking_->has_work())
      co_return;
  }
}

boost::asio::awaitable<void> import_run::order(std::span<std::byte> room) {
  unpacking_->aim(room);
  order_ = std::make_shared<block_flight>(shared_from_this(), room, 1);
  parts_.digests.submit(unpacking_stream_, order_);
  const wait_mark mark{meter_, import_limit::digest};
  while (!order_->landed())
    co_await wake_.wait();
  retire();
}

boost::asio::awaitable<void> import_run::finish_unpacking() {
  if (!unpacking_ || interrupted())
    co_return;
  auto working = order(std::span<std::byte>{});
  co_await std::move(working);
  if (!interrupted() && filling_ && filled_ > 0)
    launch(std::move(filling_), filled_, true);
}

void import_run::forget_unpacking() {
  sniffed_ = false;
  order_.reset();
  unpacking_stream_.reset();
  unpacking_.reset();
}

}  // namespace sluice::actors
