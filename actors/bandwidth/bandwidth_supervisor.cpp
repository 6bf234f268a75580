// SPDX-License-Identifier: Apache-2.0
#include "actors/bandwidth/bandwidth_supervisor.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace sluice::actors {

namespace {

/// The tightest cap there is, `throttle::unlimited` when there is none.
std::uint64_t smallest_cap(const bandwidth_limits& limits) {
  std::uint64_t smallest = throttle::unlimited;
  for (const auto cap : {limits.import_max, limits.per_project_max, limits.per_import_max, limits.per_source_host_max})
    if (cap != 0)
      smallest = std::min(smallest, cap);
  for (const auto& project : limits.projects)
    if (project.max != 0)
      smallest = std::min(smallest, project.max);
  return smallest;
}

}  // namespace

bandwidth_limits limits_of(const schemas::bandwidth_configuration& configured) {
  bandwidth_limits limits;
  limits.import_max = configured.import_max;
  limits.per_project_max = configured.per_project_max;
  limits.per_import_max = configured.per_import_max;
  limits.per_source_host_max = configured.per_source_host_max;
  for (const auto& [project_id, share] : configured.projects)
    limits.projects.push_back({project_id, share.weight, share.max});
  return limits;
}

bandwidth_supervisor_actor::behavior_type bandwidth_supervisor_state::make_behavior(
    throttle_board* throttles, const schemas::bandwidth_configuration& configured) {
  board = throttles;
  on_configure(limits_of(configured));
  arm();
  return {
      [this](tick_atom, std::uint64_t armed) { on_tick(armed); },
      [this](configure_atom, const bandwidth_limits& fresh) { on_configure(fresh); },
      [this](pause_atom) {
        ++generation;
        return done_atom_v;
      },
  };
}

void bandwidth_supervisor_state::on_configure(const bandwidth_limits& fresh) {
  limits = fresh;
  // Until its first share an import that has just started goes at a modest rate, where there is a cap at all.
  const auto smallest = smallest_cap(limits);
  board->set_initial_rate(smallest == throttle::unlimited ? smallest : std::max<std::uint64_t>(smallest / 8, 1));
}

void bandwidth_supervisor_state::arm() {
  self->delayed_send(self, interval, tick_atom_v, ++generation);
}

void bandwidth_supervisor_state::on_tick(std::uint64_t armed) {
  if (armed != generation)
    return;
  share_out();
  arm();
}

void bandwidth_supervisor_state::share_out() {
  constexpr std::uint64_t ticks_per_second = std::chrono::seconds{1} / interval;
  const auto throttles = board->all();
  std::map<std::string, std::uint64_t> taken_now;
  std::vector<bandwidth_claim> claims;
  claims.reserve(throttles.size());
  for (const auto& one : throttles) {
    const auto taken = one->taken();
    const auto before = taken_before.find(one->import_id());
    const auto used = before == taken_before.end() || taken < before->second ? 0 : taken - before->second;
    // Who waited could use any rate; who did not gets what it used and room to grow by half within a tick.
    const bool hungry = one->was_hungry() || before == taken_before.end();
    const auto demand = hungry ? unlimited_rate : used * ticks_per_second * 3 / 2 + (64U << 10);
    claims.push_back({one->project_id(), one->source_host(), demand});
    taken_now.emplace(one->import_id(), taken);
  }
  taken_before = std::move(taken_now);
  // Where nothing is capped, nobody is held to what it used a moment ago.
  const auto rates = smallest_cap(limits) == throttle::unlimited
                         ? std::vector<std::uint64_t>(claims.size(), unlimited_rate)
                         : allocate(limits, claims);
  for (std::size_t i = 0; i < throttles.size(); ++i)
    throttles[i]->set_rate(rates[i] == unlimited_rate ? throttle::unlimited : rates[i]);
}

bandwidth_supervisor_actor::behavior_type bandwidth_supervisor(
    bandwidth_supervisor_actor::stateful_pointer<bandwidth_supervisor_state> self, throttle_board* throttles,
    const schemas::bandwidth_configuration& configured) {
  return self->state.make_behavior(throttles, configured);
}

}  // namespace sluice::actors
