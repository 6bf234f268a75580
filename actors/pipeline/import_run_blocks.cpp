// SPDX-License-Identifier: Apache-2.0
// The part of an import_run that knows files and blocks: staging, resuming, flights, checkpoints.
#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>

#include "actors/pipeline/import_run.hpp"

namespace sluice::actors {

namespace {

constexpr std::chrono::milliseconds look{250};
constexpr std::uint64_t block_size = block_pool::block_size;

struct opened_file {
  persistence::staged_file file;
  std::uint64_t begin;
};

schemas::result<opened_file> open_at(persistence::blob_store& blobs, const std::string& id, std::uint64_t wanted) {
  if (wanted > 0) {
    auto kept = blobs.open_staged(id);
    if (kept) {
      const auto length = kept->length();
      if (length && *length >= wanted && kept->truncate(wanted))
        return opened_file{std::move(*kept), wanted};
    }
  }
  if (auto removed = blobs.remove_staged(id); !removed)
    return tl::unexpected{std::move(removed.error())};
  auto created = blobs.create_staged(id);
  if (!created)
    return tl::unexpected{std::move(created.error())};
  return opened_file{std::move(*created), 0};
}

}  // namespace

boost::asio::awaitable<void> import_run::open_staged_file() {
  // Whole blocks only, so that every later block is one as well.
  const auto wanted = job_.record.durable_bytes / block_size * block_size;
  auto job = [&blobs = parts_.blobs, id = id_, wanted] { return open_at(blobs, id, wanted); };
  auto opening = parts_.store.run(std::move(job));
  auto opened = co_await std::move(opening);
  if (!opened) {
    fail(std::move(opened.error()));
    co_return;
  }
  const auto begin = opened->begin;
  staged_ = std::make_shared<store_stream>(std::move(opened->file), begin);
  lanes_ = new_lanes(false);
  resumed_ = durable_ = promised_ = begin;
  space_ = parts_.blobs.reserve(begin);
  total_ = job_.record.request.expect.size;
  if (begin > 0) {
    validator_ = job_.record.validator;
    total_announced_ = job_.record.total.has_value();
    if (total_announced_)
      total_ = job_.record.total;
  }
  // What the user expects is no announcement: an image longer than that is a wrong size, not a truncated image.
  if (total_announced_)
    lanes_->announce_total(*total_);
  job_.progress->total.store(total_.value_or(0), std::memory_order_relaxed);
}

boost::asio::awaitable<void> import_run::read_prefix() {
  job_.progress->phase.store(import_phase::resuming, std::memory_order_relaxed);
  while (received_ < resumed_ && !interrupted()) {
    auto waiting = next_block();
    auto block = co_await std::move(waiting);
    auto job = [staged = staged_, offset = received_, into = block.bytes()] {
      return staged->file().read_at(offset, into);
    };
    schemas::result<std::size_t> got;
    {
      const wait_mark mark{meter_, import_limit::disk};
      auto reading = parts_.store.run(std::move(job));
      got = co_await std::move(reading);
    }
    if (got && *got != block_size)
      got = schemas::refuse(schemas::error_code::store_failed,
                            "The bytes kept from before the restart could not be read back. Import the image again.");
    if (!got) {
      fail(std::move(got.error()));
      co_return;
    }
    received_ += *got;
    furthest_ = received_;
    meter_.received(received_);
    launch(std::move(block), *got, false);
  }
}

boost::asio::awaitable<void> import_run::start_over() {
  fetching_ = false;
  co_await drained();
  filling_.reset();
  filled_ = 0;
  forget_unpacking();
  auto job = [staged = staged_] { return staged->start_over(); };
  auto truncating = parts_.store.run(std::move(job));
  auto truncated = co_await std::move(truncating);
  if (!truncated) {
    fail(std::move(truncated.error()));
    co_return;
  }
  lanes_ = new_lanes(false);
  space_ = parts_.blobs.reserve(0);
  received_ = launched_ = promised_ = resumed_ = 0;
  validator_.clear();
  total_ = job_.record.request.expect.size;
  total_announced_ = false;
  job_.progress->total.store(total_.value_or(0), std::memory_order_relaxed);
  meter_.restart(0, progress_meter::clock::now());
  if (std::exchange(durable_, 0) > 0 && listener_.on_checkpoint)
    listener_.on_checkpoint(import_checkpoint{});
  fetching_ = true;
}

boost::asio::awaitable<block_handle> import_run::next_block() {
  // A refusal is only as early as the look at the bytes: while the front is not judged, one block at a time.
  auto landing = landed_down_to(lanes_->front_decided() ? blocks_most_ - 1 : 0);
  co_await std::move(landing);
  const wait_mark mark{meter_, import_limit::digest};
  auto acquiring = parts_.blocks.acquire();
  co_return co_await std::move(acquiring);
}

void import_run::launch(block_handle block, std::size_t length, bool to_store) {
  const auto stages = lanes_->stream()->lane_count() + (to_store ? 1 : 0);
  auto flight = std::make_shared<block_flight>(shared_from_this(), std::move(block), launched_, length, stages);
  launched_ += length;
  flights_.push_back(flight);
  if (to_store)
    parts_.store.write(staged_, flight);
  parts_.digests.submit(lanes_->stream(), flight);
}

void import_run::retire() {
  while (!flights_.empty() && flights_.front()->landed()) {
    if (flights_.front()->end() > resumed_)
      space_.written(flights_.front()->length());
    flights_.pop_front();
  }
  std::optional<schemas::failure> reported;
  {
    const std::lock_guard guard{reported_mutex_};
    reported.swap(reported_);
  }
  if (reported)
    fail(std::move(*reported));
}

boost::asio::awaitable<void> import_run::landed_down_to(std::size_t in_flight) {
  retire();
  while (flights_.size() > in_flight) {
    const auto oldest = flights_.front();
    wait_mark mark{meter_, import_limit::digest};
    co_await wake_.wait();
    retire();
    if (oldest->landed() && oldest->slowest() == stage::store)
      mark.was(import_limit::disk);
  }
}

boost::asio::awaitable<void> import_run::drained() {
  retire();
  while (!flights_.empty() || checkpointing_ || (order_ && !order_->landed())) {
    co_await wake_.wait();
    retire();
  }
}

void import_run::tick() {
  ticker_.expires_after(std::min(look, parts_.options.checkpoint_interval));
  ticker_.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
    const auto self = weak.lock();
    if (!self || cancelled || self->ended_)
      return;
    self->meter_.tick(progress_meter::clock::now());
    // Unpacking is as slow as it is, whoever else is there: what is packed well must not hold others to its pace.
    const auto limit = self->job_.progress->limited_by.load(std::memory_order_relaxed);
    self->throttle_->set_short_of_machine(!self->unpacking_ &&
                                          (limit == import_limit::digest || limit == import_limit::disk));
    self->checkpoint();
    self->tick();
  });
}

void import_run::checkpoint() {
  const auto now = std::chrono::steady_clock::now();
  if (!fetching_ || unpacking_ || complete_ || interrupted() || checkpointing_ || launched_ < durable_ + block_size ||
      now - checkpointed_at_ < parts_.options.checkpoint_interval)
    return;
  checkpointing_ = true;
  checkpointed_at_ = now;
  auto job = [self = shared_from_this(), staged = staged_] {
    const auto written = staged->written();
    schemas::result<std::uint64_t> answer = written;
    if (auto synced = staged->file().sync(written); !synced)
      answer = tl::unexpected{std::move(synced.error())};
    boost::asio::post(self->executor_, [self, answer = std::move(answer)] {
      self->checkpointing_ = false;
      self->checkpointed(answer);
      self->wake_.notify();
    });
  };
  parts_.store.post(std::move(job));
}

void import_run::checkpointed(const schemas::result<std::uint64_t>& synced) {
  if (!synced) {
    fail(synced.error());
    return;
  }
  const auto durable = *synced / block_size * block_size;
  if (durable <= durable_)
    return;
  durable_ = durable;
  import_checkpoint reached;
  reached.durable_bytes = durable;
  reached.validator = validator_;
  if (total_announced_)
    reached.total = total_;
  if (listener_.on_checkpoint)
    listener_.on_checkpoint(std::move(reached));
}

}  // namespace sluice::actors
