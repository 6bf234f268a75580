// SPDX-License-Identifier: Apache-2.0
// The part of an import_run that talks to the source: attempts, their faults, the reading itself.
#include <algorithm>
#include <string>
#include <utility>

#include <spdlog/spdlog.h>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "actors/pipeline/import_run.hpp"
#include "actors/pipeline/retry_policy.hpp"
#include "actors/pipeline/slow_source_watch.hpp"

namespace sluice::actors {

namespace {

using schemas::error_code;

constexpr std::uint64_t smallest_grant = 4 << 10;  ///< sixteen imports that read at once are a queue of 64 KiB

/// How much to ask the throttle for: the rate of a few milliseconds, so that a slow rate flows instead of jerking, and
/// the source is not asked for more at once than a link can carry beside serving.
std::uint64_t grant_at(std::uint64_t rate, std::chrono::nanoseconds in_flight) {
  if (rate == throttle::unlimited)
    return block_pool::block_size;
  const auto asked = static_cast<double>(rate) * std::chrono::duration<double>{in_flight}.count();
  constexpr auto most = static_cast<double>(block_pool::block_size);
  return static_cast<std::uint64_t>(std::clamp(asked, static_cast<double>(smallest_grant), most));
}

/// What a wait in the throttle was for.
import_limit limit_by(throttle_reason why) {
  switch (why) {
    case throttle_reason::limit: return import_limit::bandwidth;
    case throttle_reason::serving: return import_limit::serving;
    case throttle_reason::share: return import_limit::share;
  }
  return import_limit::bandwidth;
}

source_failure transient(error_code code, std::string message) {
  return source_failure{schemas::failure{code, std::move(message)}, true};
}

}  // namespace

boost::asio::awaitable<void> import_run::fetch() {
  std::uint32_t in_vain = 0;
  for (;;) {
    const auto furthest_before = furthest_;
    auto trying = attempt();
    auto broken = co_await std::move(trying);
    if (!broken || interrupted())
      co_return;
    const auto changed = broken->why.code == error_code::source_changed;
    if (furthest_ > furthest_before && !changed)
      in_vain = 0;
    ++in_vain;
    if (!changed && !broken->transient) {
      fail(std::move(broken->why));
      co_return;
    }
    if (in_vain > parts_.options.imports.retries) {
      auto why = std::move(broken->why);
      if (in_vain > 1)
        why.message += " The service gave up after " + std::to_string(in_vain) + " attempts without progress.";
      fail(std::move(why));
      co_return;
    }
    spdlog::debug("pipeline: task={} bytes={} attempt={} {}", id_, received_, in_vain,
                  schemas::to_string(broken->why.code));
    if (changed && received_ > 0)
      co_await start_over();
    if (interrupted())
      co_return;
    co_await pause_before(in_vain, broken->retry_after);
  }
}

boost::asio::awaitable<void> import_run::pause_before(std::uint32_t attempt,
                                                      std::optional<std::chrono::seconds> asked) {
  retry_policy policy;
  policy.base = parts_.options.retry_base;
  policy.cap = parts_.options.retry_cap;
  const wait_mark mark{meter_, import_limit::source};
  boost::asio::steady_timer timer{executor_};
  timer.expires_after(policy.delay(attempt, asked, random_));
  co_await timer.async_wait(boost::asio::use_awaitable);
}

boost::asio::awaitable<import_run::fault> import_run::attempt() {
  const auto source = parts_.sources.create(executor_, job_.record.request.location);
  source_result<source_offer> opened;
  {
    const wait_mark mark{meter_, import_limit::source};
    auto opening = source->open(received_, received_ > 0 ? validator_ : std::string{});
    opened = co_await std::move(opening);
  }
  fault broken;
  if (!opened) {
    broken = std::move(opened.error());
    co_return broken;
  }
  auto accepting = accept(std::move(*opened));
  broken = co_await std::move(accepting);
  if (broken || interrupted())
    co_return broken;
  auto reading = read_body(*source);
  broken = co_await std::move(reading);
  if (broken && !source->repeatable())
    broken->transient = false;
  co_return broken;
}

boost::asio::awaitable<import_run::fault> import_run::accept(source_offer offer) {
  fault broken;
  if (offer.offset != received_ && offer.offset != 0) {
    broken = transient(error_code::source_protocol, "The source offered other bytes than those asked for.");
    co_return broken;
  }
  if (offer.offset != received_)
    co_await start_over();
  if (interrupted())
    co_return broken;
  if (offer.total) {
    if (auto allowed = sizes_.announced(*offer.total); !allowed) {
      fail(std::move(allowed.error()));
      co_return broken;
    }
    if (received_ > 0 && total_announced_ && total_ != offer.total) {
      broken = transient(error_code::source_changed, "The image at the location changed while it was fetched.");
      co_return broken;
    }
    total_ = offer.total;
    total_announced_ = true;
    job_.progress->total.store(*total_, std::memory_order_relaxed);
  }
  validator_ = std::move(offer.validator);
  described_ = std::move(offer.described);
  source_digests_ = std::move(offer.digests);
  if (total_announced_ && !lanes_->announced() && !unpacking_) {
    co_await landed_down_to(0);
    lanes_->announce_total(*total_);
  }
  reserve(total_ ? std::max(*total_, received_) : received_ + reservation_step);
  co_return broken;
}

void import_run::reserve(std::uint64_t bytes) {
  if (bytes <= promised_)
    return;
  if (auto promised = space_.grow_to(bytes); !promised)
    fail(std::move(promised.error()));
  else
    promised_ = bytes;
}

void import_run::took(std::size_t bytes) {
  if (unpacking_)
    unpacking_->received(bytes);
  else
    filled_ += bytes;
  received_ += bytes;
  furthest_ = std::max(furthest_, received_);
  meter_.received(received_);
  if (auto allowed = sizes_.received(received_, total_); !allowed) {
    fail(std::move(allowed.error()));
    return;
  }
  if (received_ > promised_ && !unpacking_)
    reserve(received_ + reservation_step);
}

boost::asio::awaitable<import_run::fault> import_run::read_body(byte_source& source) {
  slow_source_watch watch{parts_.options.imports.stall_timeout, parts_.options.imports.minimum_rate};
  fault broken;
  while (!interrupted()) {
    if (!filling_ && !unpacking_) {
      auto waiting = next_block();
      filling_ = co_await std::move(waiting);
      filled_ = 0;
    }
    const auto room = unpacking_ ? unpacking_->room() : filling_.bytes().subspan(filled_);
    const auto wanted = std::min({std::uint64_t{room.size()}, grant_at(throttle_->rate(), throttle_->in_flight()),
                                  sizes_.most_to_read(received_, total_)});
    {
      wait_mark mark{meter_, import_limit::bandwidth};
      co_await throttle_->take(wanted);
      mark.was(limit_by(throttle_->reason()));
    }
    source_result<std::size_t> read;
    const auto asked_at = std::chrono::steady_clock::now();
    {
      const wait_mark mark{meter_, import_limit::source};
      auto reading = source.read_some(room.first(wanted));
      read = co_await std::move(reading);
    }
    const auto waited = std::chrono::steady_clock::now() - asked_at;
    throttle_->give_back(wanted - read.value_or(0));
    if (!read) {
      broken = std::move(read.error());
      co_return broken;
    }
    if (interrupted())
      co_return broken;
    if (*read == 0) {
      auto ending = body_ended();
      broken = co_await std::move(ending);
      co_return broken;
    }
    took(*read);
    if (interrupted())
      co_return broken;
    if (*read == room.size()) {
      auto passing = pass_on();
      co_await std::move(passing);
    }
    if (watch.too_slow(waited, *read)) {
      broken = transient(error_code::source_stalled,
                         "The source sends too slowly to ever end. Use another source, or try again later.");
      co_return broken;
    }
  }
  co_return broken;
}

boost::asio::awaitable<import_run::fault> import_run::body_ended() {
  fault broken;
  if (total_announced_ && received_ < *total_) {
    broken = transient(error_code::source_truncated, "The source announced " + std::to_string(*total_) +
                                                         " bytes and ended after " + std::to_string(received_) + ".");
    co_return broken;
  }
  auto passing = pass_on();
  co_await std::move(passing);
  auto finishing = finish_unpacking();
  co_await std::move(finishing);
  filling_.reset();
  complete_ = !interrupted();
  co_return broken;
}

}  // namespace sluice::actors
