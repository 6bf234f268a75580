// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "actors/admission/fair_queue.hpp"
#include "actors/metrics/metrics.hpp"
#include "actors/protocol.hpp"
#include "schemas/configuration.hpp"

namespace sluice::actors {

[[nodiscard]] admission_limits limits_of(const schemas::imports_configuration& imports);

/// Hands out the slots in which imports run. It watches everybody who waits or runs: an import that dies gives its slot
/// back like one that ends. Supervised by sluiced.cpp: without it nothing starts, so its death stops the service.
struct admission_state {
  static inline const char* name = "admission";
  explicit admission_state(admission_actor::pointer owner) : self(owner) {}

  admission_actor::behavior_type make_behavior(admission_limits limits, service_metrics* metrics);

  caf::result<done_atom> on_reserve(const std::string& import_id, const std::string& project_id);
  void on_enter(const std::string& import_id, const std::string& project_id, const caf::strong_actor_ptr& waiting);
  void on_leave(const std::string& import_id);
  void on_configure(const schemas::imports_configuration& imports);
  void grant_free_slots();

  admission_actor::pointer self;
  admission_limits limits;
  fair_queue queue{admission_limits{}};
  std::map<std::string, caf::actor_addr> actors;  ///< by import id
  service_metrics* counted = nullptr;
};

admission_actor::behavior_type admission(admission_actor::stateful_pointer<admission_state> self,
                                         admission_limits limits, service_metrics* metrics);

}  // namespace sluice::actors
