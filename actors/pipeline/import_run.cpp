// SPDX-License-Identifier: Apache-2.0
#include "actors/pipeline/import_run.hpp"

#include <utility>

#include <spdlog/spdlog.h>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace sluice::actors {

namespace {

/// The host of a location, for the cap per source host; as written, in lower case.
std::string host_of(std::string_view location) {
  const auto scheme = location.find("://");
  if (scheme == std::string_view::npos)  // an upload comes from a host of its own
    return std::string{location};
  location.remove_prefix(scheme + 3);
  location = location.substr(0, location.find_first_of("/?#"));
  if (const auto userinfo = location.rfind('@'); userinfo != std::string_view::npos)
    location.remove_prefix(userinfo + 1);
  const auto bracket = location.rfind(']');
  const auto colon = location.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket))
    location = location.substr(0, colon);
  std::string host{location};
  for (auto& letter : host)
    if (letter >= 'A' && letter <= 'Z')
      letter = static_cast<char>(letter - 'A' + 'a');
  return host;
}

}  // namespace

import_run::import_run(const pipeline_parts& parts, boost::asio::any_io_executor executor, import_job job,
                       import_listener listener, std::function<void()> on_gone)
    : parts_{parts},
      executor_{std::move(executor)},
      job_{std::move(job)},
      listener_{std::move(listener)},
      on_gone_{std::move(on_gone)},
      sizes_{parts.options.imports.max_image_size, job_.record.request.expect.size},
      id_{job_.record.id},
      meter_{job_.progress},
      wake_{executor_},
      ticker_{executor_},
      deadline_{executor_},
      throttle_{parts.throttles.add(job_.record.id, job_.record.project_id, host_of(job_.record.request.location))},
      blocks_most_{parts.options.blocks_per_import()} {}

import_run::~import_run() {
  parts_.throttles.remove(throttle_);
}

void import_run::start() {
  deadline_.expires_after(parts_.options.imports.deadline);
  deadline_.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
    const auto self = weak.lock();
    if (self && !cancelled)
      self->fail(schemas::failure{schemas::error_code::deadline_exceeded,
                                  "The import did not end within the time that the service allows. Import it from a "
                                  "faster source, or ask the operator for a longer deadline."});
  });
  tick();
  auto body = [self = shared_from_this()] { return self->run(); };
  boost::asio::co_spawn(executor_, std::move(body), boost::asio::detached);
}

void import_run::stop() {
  stopping_ = true;
  interrupt();
}

void import_run::flight_landed() noexcept {
  boost::asio::post(executor_, [self = shared_from_this()] { self->wake_.notify(); });
}

void import_run::stage_failed(schemas::failure why) noexcept {
  {
    const std::lock_guard guard{reported_mutex_};
    if (!reported_)
      reported_ = std::move(why);
  }
  boost::asio::post(executor_, [self = shared_from_this()] { self->retire(); });
}

void import_run::fail(schemas::failure why) {
  if (failure_ || ended_)
    return;
  failure_ = std::move(why);
  interrupt();
}

void import_run::interrupt() {
  interruption_.emit(boost::asio::cancellation_type::terminal);
  wake_.notify();
}

void import_run::note(const std::exception_ptr& thrown) {
  // Once interrupted, whatever is thrown is how the interruption arrived.
  if (interrupted())
    return;
  std::string what = "not an exception";
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& known) {
    what = known.what();
  } catch (...) {
    what = "unknown";
  }
  spdlog::error("pipeline: task={} image={} a fault ended the import: {}", id_, job_.record.image_id, what);
  fail(schemas::failure{schemas::error_code::internal_error,
                        "The service met a fault of its own. Import the image again; if that fails too, tell the "
                        "operator the id of this import."});
}

boost::asio::awaitable<void> import_run::run() {
  co_await receive_interruptibly();
  std::exception_ptr thrown;
  try {
    fetching_ = false;
    co_await drained();
    filling_.reset();
    if (complete_ && !interrupted())
      co_await conclude();
  } catch (...) {
    thrown = std::current_exception();
  }
  if (thrown)
    note(std::exchange(thrown, nullptr));
  try {
    co_await drained();
    co_await clean_up();
  } catch (...) {
    thrown = std::current_exception();
  }
  if (thrown)
    note(thrown);
  report();
}

boost::asio::awaitable<void> import_run::receive_interruptibly() {
  std::exception_ptr thrown;
  try {
    auto body = [self = shared_from_this()] { return self->receive(); };
    auto token = boost::asio::bind_cancellation_slot(interruption_.slot(), boost::asio::use_awaitable);
    auto receiving = boost::asio::co_spawn(executor_, std::move(body), token);
    co_await std::move(receiving);
  } catch (...) {
    thrown = std::current_exception();
  }
  if (thrown)
    note(thrown);
}

boost::asio::awaitable<void> import_run::receive() {
  // Asio lets nobody catch the interruption of a coroutine that was never suspended (co_spawn, Boost 1.81).
  co_await boost::asio::post(boost::asio::use_awaitable);
  if (interrupted())
    co_return;
  co_await learn_claims();
  if (!interrupted())
    co_await open_staged_file();
  if (!interrupted() && resumed_ > 0)
    co_await read_prefix();
  if (interrupted())
    co_return;
  job_.progress->phase.store(import_phase::fetching, std::memory_order_relaxed);
  meter_.restart(received_, progress_meter::clock::now());
  fetching_ = true;
  // Nothing is left to ask the source for when the service was stopped between the last byte and the end.
  if (total_announced_ && received_ == total_)
    complete_ = true;
  else
    co_await fetch();
}

boost::asio::awaitable<void> import_run::conclude() {
  if (auto size = sizes_.complete(received_); !size) {
    fail(std::move(size.error()));
    co_return;
  }
  block_handle none;
  launch(std::move(none), 0, false);
  auto job = [staged = staged_, size = launched_] { return staged->file().sync(size); };
  auto syncing = parts_.store.run(std::move(job));
  auto synced = co_await std::move(syncing);
  co_await drained();
  if (!synced)
    fail(std::move(synced.error()));
  if (failure_)
    co_return;
  auto judged = lanes_->judge(launched_, source_digests_);
  if (!judged) {
    fail(std::move(judged.error()));
    co_return;
  }
  facts_ = std::move(*judged);
  facts_->described = described_;
  if (unpacking_)
    facts_->unpacked_from = verification::packaging::to_string(unpacking_->kind());
}

boost::asio::awaitable<void> import_run::keep_for_later() {
  auto job = [staged = staged_]() -> schemas::result<std::uint64_t> {
    const auto written = staged->written();
    auto synced = staged->file().sync(written);
    if (!synced)
      return tl::unexpected{std::move(synced.error())};
    return written;
  };
  auto syncing = parts_.store.run(std::move(job));
  const auto synced = co_await std::move(syncing);
  if (synced)
    checkpointed(synced);
  else
    spdlog::error("pipeline: task={} image={} stopped at its last checkpoint: {}", id_, job_.record.image_id,
                  synced.error().message);
}

boost::asio::awaitable<void> import_run::clean_up() {
  // How it ends is decided: nothing that happens from here on changes it.
  ended_ = true;
  ticker_.cancel();
  deadline_.cancel();
  // What is unpacked starts over: where in the packed bytes the image stood is nowhere kept.
  if (staged_ && stopping_ && !failure_ && !facts_ && !unpacking_)
    co_await keep_for_later();
  if (!failure_) {
    staged_.reset();
    co_return;
  }
  facts_.reset();
  auto job = [&blobs = parts_.blobs, id = id_, staged = std::exchange(staged_, nullptr)]() mutable {
    staged.reset();
    return blobs.remove_staged(id);
  };
  auto removing = parts_.store.run(std::move(job));
  const auto removed = co_await std::move(removing);
  if (!removed)
    spdlog::error("pipeline: task={} image={} the staged file stays until the next sweep: {}", id_,
                  job_.record.image_id, removed.error().message);
}

void import_run::report() {
  if (!failure_ && !facts_ && !stopping_)
    failure_.emplace(schemas::error_code::internal_error, "The import ended without a result. Import it again.");
  parts_.throttles.remove(throttle_);
  space_ = persistence::space_reservation{};
  forget_unpacking();
  lanes_.reset();
  job_.progress->rate.store(0, std::memory_order_relaxed);
  job_.progress->limited_by.store(import_limit::unknown, std::memory_order_relaxed);

  import_outcome outcome;
  if (failure_)
    outcome.why = std::move(failure_);
  else
    outcome.facts = std::move(facts_);
  spdlog::info("pipeline: task={} image={} bytes={} {}", id_, job_.record.image_id, received_,
               outcome.facts ? "complete"
               : outcome.why ? schemas::to_string(outcome.why->code)
                             : "stopped");
  if (listener_.on_end)
    listener_.on_end(std::move(outcome));
  on_gone_();
}

}  // namespace sluice::actors
