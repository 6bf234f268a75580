// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>
#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include "actors/messages.hpp"

namespace sluice::tests {

/// An actor system without threads and with a virtual clock: a test is a script of sends, deliveries and steps of time.
class deterministic_system {
  struct config : caf::actor_system_config {
    config() {
      actors::register_messages(*this);
      set("scheduler.policy", caf::atom("testing"));
    }
  };
  config config_;

 public:
  caf::actor_system system{config_};
  caf::scoped_actor self{system, true};

  deterministic_system() {
    system.await_actors_before_shutdown(false);
    spdlog::set_level(spdlog::level::off);
  }
  ~deterministic_system() {
    for (auto& actor : spawned_)
      caf::anon_send_exit(actor, caf::exit_reason::kill);
    deliver_messages();
  }
  deterministic_system(const deterministic_system&) = delete;
  deterministic_system& operator=(const deterministic_system&) = delete;

  template <class... Args>
  auto spawn(Args&&... args) {
    auto handle = system.spawn(std::forward<Args>(args)...);
    spawned_.push_back(caf::actor_cast<caf::actor>(handle));
    deliver_messages();
    return handle;
  }

  std::size_t deliver_messages() {
    std::size_t delivered = 0;
    while (scheduler().try_run_once())
      ++delivered;
    return delivered;
  }

  /// One step of the clock. A self-arming tick fires once a step: go in steps of its interval.
  void advance(caf::timespan interval) {
    scheduler().advance_time(interval);
    deliver_messages();
  }

  /// Asks and returns the answer, or throws the error's code as a failure.
  template <class Answer, class Handle, class... Words>
  schemas::result<Answer> ask(const Handle& callee, Words... words) {
    auto pending = self->request(callee, caf::timespan{std::chrono::hours{1}}, std::move(words)...);
    deliver_messages();
    schemas::result<Answer> outcome{tl::unexpect, schemas::failure{}};
    pending.receive([&](Answer& answer) { outcome = std::move(answer); },
                    [&](const caf::error& why) {
                      outcome = schemas::result<Answer>{tl::unexpect, actors::to_failure(why)};
                    });
    return outcome;
  }

 private:
  caf::scheduler::test_coordinator& scheduler() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  }
  std::vector<caf::actor> spawned_;
};

}  // namespace sluice::tests
