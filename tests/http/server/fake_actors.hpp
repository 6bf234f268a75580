// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <caf/all.hpp>

#include "actors/protocol.hpp"

/// Actors that only pretend: they remember what they were asked, and answer what the test says.
namespace sluice::http {

/// What the fake actors do and have been asked; shared between the test's thread and theirs.
struct fake_world {
  std::mutex mutex;
  std::condition_variable changed;
  std::function<caf::expected<schemas::image_import>(schemas::image_import)> on_create;
  std::function<caf::error(const schemas::identity&, const std::string&)> on_cancel, on_remove;
  std::function<caf::expected<schemas::image_import>(schemas::image_import)> on_release;
  std::vector<schemas::image_import> drafts, wishes;
  std::vector<std::pair<schemas::identity, std::string>> cancelled, removed;
  unsigned standing_watches = 0;
  std::uint64_t position = 3;
  actors::bandwidth_report report;
  int configured = 0;  ///< how often the bandwidth was
  actors::reverification_report reverified;
  std::vector<std::string> reverifications;  ///< what was asked for; "" = all

  void wait_for_watch() {
    std::unique_lock guard{mutex};
    changed.wait_for(guard, std::chrono::seconds{30}, [this] { return standing_watches > 0; });
  }
};

/// Answers watches at `recover_atom`, which here means "something changed".
actors::import_supervisor_actor spawn_fake_supervisor(caf::actor_system& system, std::shared_ptr<fake_world> world);
actors::lifetime_actor spawn_fake_lifetime(caf::actor_system& system, std::shared_ptr<fake_world> world);
/// Remembers what it was configured with, and reports that.
actors::bandwidth_supervisor_actor spawn_fake_bandwidth(caf::actor_system& system, std::shared_ptr<fake_world> world);
/// Begins what it is asked for, and reports what the test says.
actors::reverification_actor spawn_fake_reverification(caf::actor_system& system, std::shared_ptr<fake_world> world);

}  // namespace sluice::http
