// SPDX-License-Identifier: Apache-2.0
#include "actors/pipeline/digest_engine.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <string>
#include <utility>

#include <spdlog/spdlog.h>

#include "actors/pipeline/grouped_digest.hpp"
#include "actors/pipeline/thread_class.hpp"

namespace sluice::actors {

digest_stream::digest_stream(std::vector<lane*> lanes) : tracks_(lanes.size()) {
  for (std::size_t index = 0; index < lanes.size(); ++index)
    tracks_[index].consumer = lanes[index];
}

digest_engine::digest_engine(digest_engine_options options)
    : gate_{options.serving_gate != nullptr ? *options.serving_gate : always_open_} {
  for (unsigned index = 0; index < std::max(options.threads, 1U); ++index)
    threads_.emplace_back([this, index, idle_class = options.idle_class] {
      name_this_thread("digest-" + std::to_string(index));
      if (idle_class)
        lower_this_thread_to_idle();
      work(index == 0);
    });
  if (options.idle_class)
    guarantee_ = std::jthread{[this] { guarantee(); }};
}

digest_engine::~digest_engine() {
  {
    const std::lock_guard guard{mutex_};
    guarantee_ends_ = true;
  }
  guarantee_wakes_.notify_all();
  if (guarantee_.joinable())
    guarantee_.join();
  // What it put back is the others' to finish: only now may they end.
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
    ++scheduled_;
    make_ready(ready_lane{stream, index});
    work_arrived_.notify_one();
  }
  if (std::exchange(guarantee_rests_, false) || starved_)
    guarantee_wakes_.notify_one();
}

void digest_engine::make_ready(ready_lane lane) {
  const auto& track = lane.stream->tracks_[lane.index];
  lane.groupable = track.consumer->groupable() != nullptr && !track.failed && !track.pending.front()->is_last();
  ready_.push(std::move(lane));
}

void digest_engine::take(turn& mine) {
  ready_.take_turn(mine.lanes, waiting_ > 0 && !starved_);
  for (const auto& lane : mine.lanes) {
    auto& pending = lane.stream->tracks_[lane.index].pending;
    mine.flights.push_back(std::move(pending.front()));
    pending.pop_front();
  }
  if (!ready_.empty())
    work_arrived_.notify_one();
}

void digest_engine::put_back(turn& mine) {
  for (std::size_t index = 0; index < mine.lanes.size(); ++index) {
    auto& lane = mine.lanes[index];
    auto& track = lane.stream->tracks_[lane.index];
    if (mine.flights[index]) {
      track.pending.push_front(std::move(mine.flights[index]));
      ready_.push_again(std::move(lane));
    } else if (!track.pending.empty()) {
      make_ready(std::move(lane));
    } else {
      track.scheduled = false;
      --scheduled_;
    }
  }
  mine.lanes.clear();
  mine.flights.clear();
}

void digest_engine::work(bool probes) {
  turn mine;
  mine.lanes.reserve(group_most);
  mine.flights.reserve(group_most);
  mine.may_be_cut = true;
  std::unique_lock lock{mutex_};
  for (;;) {
    ++waiting_;
    work_arrived_.wait(lock, [&] { return starved_ ? probes : stopping_ || !ready_.empty(); });
    --waiting_;
    if (starved_) {
      lock.unlock();
      probe();
      lock.lock();
      continue;
    }
    if (ready_.empty())
      return;
    take(mine);
    lock.unlock();
    run(mine);
    lock.lock();
    put_back(mine);
  }
}

void digest_engine::run(turn& mine) noexcept {
  if (mine.lanes.size() == 1) {
    auto& lane = mine.lanes.front();
    run_alone(lane.stream->tracks_[lane.index], *mine.flights.front(), mine.may_be_cut);
  } else {
    run_together(mine);
  }
  for (std::size_t index = 0; index < mine.lanes.size(); ++index) {
    auto& flight = mine.flights[index];
    auto& track = mine.lanes[index].stream->tracks_[mine.lanes[index].index];
    if (!track.failed && track.eaten < flight->length())
      continue;
    track.eaten = 0;
    // The lane stays taken until its block is counted down: once an import has landed, nothing touches its lanes.
    flight->stage_done(stage::digest);
    flight.reset();
  }
}

void digest_engine::run_alone(digest_stream::track& track, block_flight& flight, bool may_be_cut) noexcept {
  if (track.failed)
    return;
  try {
    schemas::result<void> judged;
    if (flight.is_last())
      judged = track.consumer->finish();
    while (judged && track.eaten < flight.length()) {
      gate_.pass();
      const auto rest = flight.bytes().subspan(track.eaten);
      const auto piece = rest.first(std::clamp<std::size_t>(gate_.block(), 1, rest.size()));
      judged = track.consumer->consume(piece);
      track.eaten += piece.size();
      if (may_be_cut && starved_.load(std::memory_order_relaxed))
        break;
    }
    if (judged)
      return;
    flight.stage_failed(std::move(judged.error()));
  } catch (const std::exception& fault) {
    spdlog::error("pipeline: a digest or inspection broke: {}", fault.what());
    flight.stage_failed(schemas::failure{schemas::error_code::internal_error,
                                         "The service could not digest or inspect the image. Import it again."});
  }
  track.failed = true;
}

void digest_engine::run_together(const turn& mine) noexcept {
  std::array<grouped_part, group_most> parts;
  for (;;) {
    // So that the gate is passed every `block()` bytes of work, not of one import.
    const auto share = std::max(gate_.block() / mine.lanes.size() / paired_digest::step, std::uint64_t{1});
    std::size_t count = 0;
    for (std::size_t index = 0; index < mine.lanes.size(); ++index) {
      auto& track = mine.lanes[index].stream->tracks_[mine.lanes[index].index];
      const auto rest = mine.flights[index]->bytes().subspan(track.eaten);
      if (rest.empty())
        continue;
      auto& part = parts[count++];
      part.digest = track.consumer->groupable();
      part.bytes = rest.first(std::min<std::size_t>(rest.size(), share * paired_digest::step));
      track.eaten += part.bytes.size();
    }
    if (count == 0)
      return;
    gate_.pass();
    update_together(std::span{parts}.first(count));
    if (mine.may_be_cut && starved_.load(std::memory_order_relaxed))
      return;
  }
}

}  // namespace sluice::actors
