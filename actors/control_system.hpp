// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <utility>

#include <caf/all.hpp>

#include "actors/import/import_surroundings.hpp"
#include "actors/messages.hpp"
#include "actors/pipeline/store_engine.hpp"
#include "actors/ports.hpp"

/// What the actors of a running service stand on: their threads, the time, the disk.
namespace sluice::actors {

/// Decisions only, on two threads that sleep when there is nothing to decide; serving has the cores.
struct control_configuration : caf::actor_system_config {
  control_configuration() {
    register_messages(*this);
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", std::size_t{2});
    set("scheduler.max-throughput", std::size_t{64});
  }
};

class system_clock final : public wall_clock {
 public:
  [[nodiscard]] schemas::time_point now() const override {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  }
};

/// File work of the actors, done by the thread that writes to the same disk.
class store_work final : public blocking_work {
 public:
  explicit store_work(store_engine& store) : store_{store} {}
  void post(std::function<void()> work) override { store_.post(std::move(work)); }

 private:
  store_engine& store_;
};

}  // namespace sluice::actors
