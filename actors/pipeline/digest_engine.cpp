// SPDX-License-Identifier: Apache-2.0
#include "actors/pipeline/digest_engine.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include <spdlog/spdlog.h>

#include "actors/pipeline/thread_class.hpp"

namespace sluice::actors {

digest_stream::digest_stream(std::vector<lane*> lanes) : tracks_(lanes.size()) {
  for (std::size_t index = 0; index < lanes.size(); ++index)
    tracks_[index].consumer = lanes[index];
}

digest_engine::digest_engine(unsigned threads) {
  for (unsigned index = 0; index < std::max(threads, 1U); ++index)
    threads_.emplace_back([this, index] {
      name_this_thread("digest-" + std::to_string(index));
      lower_this_thread_to_idle();
      std::unique_lock lock{mutex_};
      work(lock);
    });
}

digest_engine::~digest_engine() {
  {
    const std::lock_guard guard{mutex_};
    stopping_ = true;
  }
  work_arrived_.notify_all();
  threads_.clear();
}

void digest_engine::submit(const std::shared_ptr<digest_stream>& stream, const std::shared_ptr<block_flight>& flight) {
  const std::lock_guard guard{mutex_};
  for (std::size_t index = 0; index < stream->tracks_.size(); ++index) {
    auto& track = stream->tracks_[index];
    track.pending.push_back(flight);
    if (std::exchange(track.scheduled, true))
      continue;
    ready_lane ready;
    ready.stream = stream;
    ready.index = index;
    ready_.push_back(std::move(ready));
    work_arrived_.notify_one();
  }
}

void digest_engine::work(std::unique_lock<std::mutex>& lock) {
  for (;;) {
    work_arrived_.wait(lock, [this] { return stopping_ || !ready_.empty(); });
    if (ready_.empty())
      return;
    auto mine = std::move(ready_.front());
    ready_.pop_front();
    auto& track = mine.stream->tracks_[mine.index];
    auto flight = std::move(track.pending.front());
    track.pending.pop_front();
    auto* const consumer = track.failed ? nullptr : track.consumer;

    lock.unlock();
    track.failed = consumer == nullptr || !process(*consumer, *flight);
    // The lane stays taken until its block is counted down: once an import has landed, nothing touches its lanes.
    flight->stage_done(stage::digest);
    flight.reset();
    lock.lock();

    if (track.pending.empty())
      track.scheduled = false;
    else
      ready_.push_back(std::move(mine));
  }
}

bool digest_engine::process(lane& consumer, block_flight& flight) noexcept {
  try {
    auto judged = flight.is_last() ? consumer.finish() : consumer.consume(flight.bytes());
    if (!judged)
      flight.stage_failed(std::move(judged.error()));
    return judged.has_value();
  } catch (const std::exception& fault) {
    spdlog::error("pipeline: a digest or inspection broke: {}", fault.what());
    flight.stage_failed(schemas::failure{schemas::error_code::internal_error,
                                         "The service could not digest or inspect the image. Import it again."});
    return false;
  }
}

}  // namespace sluice::actors
