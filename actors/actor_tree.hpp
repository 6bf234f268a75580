// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "actors/bandwidth/bandwidth_supervisor.hpp"
#include "actors/import/import_surroundings.hpp"
#include "actors/protocol.hpp"
#include "actors/reverification/reverification.hpp"
#include "actors/verification/checks/verifier.hpp"
#include "schemas/configuration.hpp"

namespace sluice::actors {

/// The supervisors of the service, started in order and stopped in the opposite one. None of them dies in the normal
/// course of things; should one do so, `on_death` is told its name, and the service stops rather than going on without
/// it.
class actor_tree {
 public:
  actor_tree(caf::actor_system& system, persistence::record_store& records, import_surroundings around,
             const bandwidth_surroundings& shared, verification_surroundings judging, reverification_surroundings again,
             const schemas::configuration& configuration, std::function<void(std::string)> on_death);
  /// Ends whatever `stop` has not.
  ~actor_tree();
  actor_tree(const actor_tree&) = delete;
  actor_tree& operator=(const actor_tree&) = delete;

  /// Takes up the imports that a previous run left. Returns how many.
  std::size_t recover();
  /// On its way when it returns: whoever asks the supervisor for a report afterwards finds it in force.
  void configure(const schemas::bandwidth_configuration& bandwidth);
  /// Slots change at once; the other limits hold for imports that are taken in from now on. Returns before it has
  /// happened, in the order of the calls.
  void configure(const schemas::imports_configuration& imports);
  /// Pauses every import durably and ends the actors, the record keeper last. False when `grace` was not enough: what
  /// was durable stays so.
  bool stop(std::chrono::milliseconds grace);

  [[nodiscard]] const import_supervisor_actor& imports() const noexcept { return imports_; }
  [[nodiscard]] const image_registry_actor& images() const noexcept { return images_; }
  [[nodiscard]] const lifetime_actor& lifetimes() const noexcept { return lifetimes_; }
  [[nodiscard]] const bandwidth_supervisor_actor& bandwidth() const noexcept { return bandwidth_; }
  [[nodiscard]] const reverification_actor& reverifications() const noexcept { return reverifications_; }
  [[nodiscard]] const record_keeper_actor& records() const noexcept { return keeper_; }

 private:
  caf::actor_system& system_;
  const bandwidth_surroundings shared_;  ///< a spawned actor's body runs when it likes: what it is given must last
  caf::actor watchman_;
  record_keeper_actor keeper_;
  admission_actor admission_;
  verifier_actor verifier_;
  image_registry_actor images_;
  import_supervisor_actor imports_;
  lifetime_actor lifetimes_;
  bandwidth_supervisor_actor bandwidth_;
  reverification_actor reverifications_;
  bool stopped_ = false;
};

}  // namespace sluice::actors
