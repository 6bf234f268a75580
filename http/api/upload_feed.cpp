// SPDX-License-Identifier: Apache-2.0
#include "http/api/upload_feed.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>

#include "actors/coroutines/ask.hpp"
#include "http/api/import_watch.hpp"
#include "http/server/body_stream.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
using clock = waiter::clock;
using schemas::error_code;
using schemas::failure;

/// How long a change can stay unseen when the actors' word of it is lost.
constexpr auto longest_blindness = import_watch::longest_blindness;

/// What a broken body is for the import that it was to fill.
failure told(const refusal& why) {
  switch (why.status) {
    case 408: return {error_code::source_stalled, "The upload stood still for too long. Upload the image again."};
    case 503: return {error_code::service_stopping, "The service is stopping. Upload the image again."};
    default: return {error_code::source_truncated, std::string{why.detail} + " Upload the image again."};
  }
}

bool has_come_to_rest(const schemas::image_import& record) noexcept {
  return schemas::is_final(record.status) || record.is_staged();
}

}  // namespace

/// Between the pipeline's thread and the session's loop: outlives the feed, and does nothing then.
class upload_feed::link : public std::enable_shared_from_this<link> {
 public:
  explicit link(upload_feed& owner) : owner_{&owner}, executor_{owner.at_.loop.executor()} {}

  /// On any thread.
  void tell() {
    asio::post(executor_, [weak = weak_from_this()] {
      if (const auto alive = weak.lock(); alive && alive->owner_ != nullptr)
        alive->wake();
    });
  }
  /// On the loop.
  void cut() noexcept { owner_ = nullptr; }

 private:
  void wake() {
    owner_->waiting_.wake();
    if (owner_->body_->closed() && owner_->at_.asked.stream != nullptr)
      owner_->at_.asked.stream->interrupt();
  }

  upload_feed* owner_;  ///< on the loop only
  event_loop::executor_type executor_;
};

upload_feed::upload_feed(exchange& at, std::string import_id, std::optional<std::uint64_t> total)
    : at_{at},
      import_id_{std::move(import_id)},
      patience_{at.state.parts.live.current().imports.stall_timeout},
      body_{at.state.parts.uploads->add(import_id_, total)},
      waiting_{at.loop},
      link_{std::make_shared<link>(*this)} {
  body_->tell_receiver([shared = link_] { shared->tell(); });
}

upload_feed::~upload_feed() {
  link_->cut();
  body_->tell_receiver({});
  at_.state.parts.uploads->remove(import_id_);
}

std::optional<schemas::image_import> upload_feed::record() const {
  return at_.state.parts.records.find_import(import_id_);
}

asio::awaitable<std::optional<schemas::image_import>> upload_feed::run() {
  import_watch watch{at_.state.parts, import_id_, waiting_};
  const auto slot_until = clock::now() + at_.state.limits.upload_wait;
  // Until the import has its slot, or its end, or there has been no slot for too long.
  while (!body_->opened() && !waiting_.stopping()) {
    const auto now = record();
    if (!now || has_come_to_rest(*now))
      break;
    if (clock::now() >= slot_until) {
      starved_ = true;
      co_await withdraw();
      break;
    }
    const auto look = std::min(slot_until, watch.arm());
    co_await waiting_.wait_until(look);
  }
  if (!starved_)
    co_await push();
  for (;;) {
    auto now = record();
    if (!now || has_come_to_rest(*now) || waiting_.stopping())
      co_return now;
    const auto look = watch.arm();
    co_await waiting_.wait_until(look);
  }
}

asio::awaitable<void> upload_feed::push() {
  if (at_.asked.stream == nullptr) {
    body_->complete();
    co_return;
  }
  while (!body_->closed()) {
    const auto room = body_->room();
    if (room.empty()) {
      if (waiting_.stopping())
        co_return body_->fail(
            failure(error_code::service_stopping, "The service is stopping. Upload the image again."));
      const auto look = clock::now() + longest_blindness;
      co_await waiting_.wait_until(look);
      if (!body_->opened())
        co_return;  // it ended before it began
      continue;
    }
    auto pushing = push_some(room);
    if (!co_await std::move(pushing))
      co_return;
  }
}

/// False when nothing more will come.
asio::awaitable<bool> upload_feed::push_some(std::span<std::byte> room) {
  auto reading = at_.asked.stream->read_some(room, patience_);
  const auto got = co_await std::move(reading);
  if (!got)
    body_->fail(told(got.error()));
  else if (*got == 0)
    body_->complete();
  else
    body_->filled(*got);
  co_return got&&* got > 0;
}

/// Takes the import back; whether that came in time is seen in its record.
asio::awaitable<void> upload_feed::withdraw() {
  const auto& parts = at_.state.parts;
  auto owner = at_.who;
  if (const auto now = record())
    owner.project_id = now->project_id;
  auto pending = actors::ask<actors::done_atom>(parts.system, parts.imports, at_.state.limits.create_deadline,
                                                actors::cancel_atom_v, std::move(owner), import_id_);
  (void)co_await std::move(pending);
}

}  // namespace sluice::http
