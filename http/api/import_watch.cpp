// SPDX-License-Identifier: Apache-2.0
#include "http/api/import_watch.hpp"

#include <mutex>
#include <utility>

#include <boost/asio/post.hpp>

namespace sluice::http {
namespace {

constexpr std::chrono::seconds question_deadline{100};
/// An answer that changed nothing for us (a checkpoint, an import that is not live) is not asked for again at once.
constexpr std::chrono::milliseconds pause_after_answer{50};

}  // namespace

/// Between the thread of the actor that asks and the loop of the session that waits. `target` is cleared, under
/// the lock, before the session ends: whoever finds it set may post to its loop.
struct import_watch::bridge : std::enable_shared_from_this<bridge> {
  explicit bridge(waiter& waiting) : target{&waiting}, executor{waiting.loop().executor()} {}

  void answer(std::uint64_t version) {
    const std::lock_guard guard{mutex};
    if (!target)
      return;
    boost::asio::post(executor, [self = weak_from_this(), version] {
      if (const auto alive = self.lock(); alive && alive->target)
        alive->on_answer(version);
    });
  }

  void on_answer(std::uint64_t version) {
    if (seen != 0 || version == 0)
      earliest = clock::now() + pause_after_answer;
    seen = version != 0 ? version : seen;
    pending = false;
    target->wake();
  }

  std::mutex mutex;
  waiter* target;
  event_loop::executor_type executor;
  // On the loop only:
  std::uint64_t seen = 0;
  bool pending = false;
  clock::time_point earliest{};
};

import_watch::import_watch(const service_parts& parts, std::string import_id, waiter& target)
    : parts_{parts}, import_id_{std::move(import_id)}, bridge_{std::make_shared<bridge>(target)} {}

import_watch::~import_watch() {
  {
    const std::lock_guard guard{bridge_->mutex};
    bridge_->target = nullptr;
  }
  if (asking_)
    caf::anon_send_exit(asking_, caf::exit_reason::user_shutdown);
}

import_watch::clock::time_point import_watch::arm() {
  const auto now = clock::now();
  if (bridge_->pending)
    return now + longest_blindness;
  if (now < bridge_->earliest)
    return bridge_->earliest;
  bridge_->pending = true;
  auto question = [supervisor = parts_.imports, id = import_id_, seen = bridge_->seen,
                   answers = bridge_](caf::event_based_actor* self) {
    self->request(supervisor, question_deadline, actors::watch_atom_v, id, seen)
        .then([answers](std::uint64_t version) { answers->answer(version); },
              [answers](const caf::error&) { answers->answer(0); });
  };
  asking_ = parts_.system.spawn<caf::hidden>(std::move(question));
  return now + longest_blindness;
}

}  // namespace sluice::http
