// SPDX-License-Identifier: Apache-2.0
#include "actors/pipeline/progress_meter.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace sluice::actors {

namespace {

constexpr double smoothing_seconds = 3.0;

}  // namespace

void progress_meter::received(std::uint64_t bytes) noexcept {
  bytes_ = bytes;
  shown_->bytes.store(bytes, std::memory_order_relaxed);
}

void progress_meter::begin_wait(import_limit why, clock::time_point now) noexcept {
  waiting_.reset();
  waiting_.emplace(wait{why, now});
}

void progress_meter::end_wait(clock::time_point now) noexcept {
  if (waiting_)
    waited_[static_cast<std::size_t>(waiting_->why)] += now - waiting_->since;
  waiting_.reset();
}

void progress_meter::relabel_wait(import_limit why) noexcept {
  if (waiting_)
    waiting_->why = why;
}

void progress_meter::tick(clock::time_point now) noexcept {
  if (waiting_) {
    waited_[static_cast<std::size_t>(waiting_->why)] += now - waiting_->since;
    waiting_->since = now;
  }
  if (!ticked_at_) {
    restart(bytes_, now);
    return;
  }
  const auto elapsed = std::chrono::duration<double>{now - *ticked_at_}.count();
  if (elapsed <= 0)
    return;
  const auto latest = static_cast<double>(bytes_ - std::min(bytes_, ticked_bytes_)) / elapsed;
  const auto share = has_rate_ ? 1.0 - std::exp(-elapsed / smoothing_seconds) : 1.0;
  rate_ += share * (latest - rate_);
  has_rate_ = true;
  ticked_at_ = now;
  ticked_bytes_ = bytes_;
  shown_->rate.store(static_cast<std::uint64_t>(rate_), std::memory_order_relaxed);

  const auto most = std::max_element(waited_.begin(), waited_.end());
  if (*most > clock::duration::zero())
    shown_->limited_by.store(static_cast<import_limit>(most - waited_.begin()), std::memory_order_relaxed);
  waited_.fill(clock::duration::zero());
}

void progress_meter::restart(std::uint64_t bytes, clock::time_point now) noexcept {
  received(bytes);
  ticked_bytes_ = bytes;
  ticked_at_ = now;
}

}  // namespace sluice::actors
