// SPDX-License-Identifier: Apache-2.0
#include "actors/admission/admission.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace sluice::actors {

using schemas::error_code;
using schemas::failure;

admission_limits limits_of(const schemas::imports_configuration& imports) {
  admission_limits limits;
  limits.max_running = imports.max_running;
  limits.max_running_per_project = imports.max_running_per_project;
  limits.max_waiting_per_project = imports.max_waiting_per_project;
  return limits;
}

admission_actor::behavior_type admission_state::make_behavior(admission_limits configured, service_metrics* metrics) {
  limits = configured;
  counted = metrics;
  queue = fair_queue{configured};
  self->set_down_handler([this](const caf::down_msg& down) {
    const auto gone =
        std::find_if(actors.begin(), actors.end(), [&](const auto& entry) { return entry.second == down.source; });
    if (gone != actors.end())
      on_leave(std::string{gone->first});
  });
  return {
      [this](reserve_atom, const std::string& import_id, const std::string& project_id) {
        return on_reserve(import_id, project_id);
      },
      [this](enter_atom, const std::string& import_id, const std::string& project_id,
             const caf::strong_actor_ptr& waiting) { on_enter(import_id, project_id, waiting); },
      [this](leave_atom, const std::string& import_id) { on_leave(import_id); },
      [this](position_atom, const std::string& import_id) { return queue.position(import_id); },
      [this](configure_atom, const schemas::imports_configuration& imports) { on_configure(imports); },
  };
}

caf::result<done_atom> admission_state::on_reserve(const std::string& import_id, const std::string& project_id) {
  const auto outcome = queue.reserve(import_id, project_id);
  counted->imports_waiting.set(queue.waiting());
  switch (outcome) {
    case fair_queue::reservation::taken: return done_atom_v;
    case fair_queue::reservation::project_full:
      return to_error(failure{error_code::too_many_imports,
                              fmt::format("Your project has {} imports waiting, as many as it may. Wait until one of "
                                          "them has run, or cancel one.",
                                          limits.max_waiting_per_project)});
    case fair_queue::reservation::all_full:
      return to_error(failure{error_code::overloaded,
                              fmt::format("The service has {} imports waiting, as many as it takes. Try again later.",
                                          limits.max_waiting)});
  }
  return to_error(failure{error_code::internal_error, "The service met an internal error."});
}

void admission_state::on_enter(const std::string& import_id, const std::string& project_id,
                               const caf::strong_actor_ptr& waiting) {
  if (!waiting)
    return;
  actors[import_id] = caf::actor_cast<caf::actor_addr>(waiting);
  self->monitor(waiting);
  queue.enter(import_id, project_id);
  grant_free_slots();
}

void admission_state::on_leave(const std::string& import_id) {
  if (const auto found = actors.find(import_id); found != actors.end()) {
    self->demonitor(found->second);
    actors.erase(found);
  }
  queue.leave(import_id);
  grant_free_slots();
}

void admission_state::on_configure(const schemas::imports_configuration& imports) {
  limits = limits_of(imports);
  queue.configure(limits);
  grant_free_slots();
}

void admission_state::grant_free_slots() {
  while (const auto import_id = queue.grant()) {
    const auto found = actors.find(*import_id);
    const auto runner = found == actors.end() ? nullptr : caf::actor_cast<caf::strong_actor_ptr>(found->second);
    if (runner)
      self->send(caf::actor_cast<image_import_actor>(runner), grant_atom_v);
    else
      queue.leave(*import_id);  // it died; its DOWN message is on the way and finds nothing left to do
  }
  counted->imports_waiting.set(queue.waiting());
  counted->imports_running.set(queue.running());
}

admission_actor::behavior_type admission(admission_actor::stateful_pointer<admission_state> self,
                                         admission_limits limits, service_metrics* metrics) {
  return self->state.make_behavior(limits, metrics);
}

}  // namespace sluice::actors
