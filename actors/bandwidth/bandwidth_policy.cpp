// SPDX-License-Identifier: Apache-2.0
#include "actors/bandwidth/bandwidth_policy.hpp"

namespace sluice::actors {

namespace {

std::uint64_t nanoseconds_of(std::chrono::nanoseconds time) {
  return static_cast<std::uint64_t>(time.count());
}

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

bool holds(const profile_hours& hours, std::uint32_t minute) noexcept {
  if (hours.from_minute <= hours.to_minute)
    return hours.from_minute <= minute && minute < hours.to_minute;
  return hours.from_minute <= minute || minute < hours.to_minute;
}

}  // namespace

bandwidth_policy policy_of(const schemas::bandwidth_configuration& configured) {
  bandwidth_policy policy;
  policy.profile = configured.profile;
  policy.limits = limits_of(configured);
  policy.link = configured.link;
  policy.trickle = configured.trickle;
  policy.serve_target_ns = nanoseconds_of(configured.serve_target);
  policy.starved_percent = configured.starved_percent;
  policy.in_flight_ns = nanoseconds_of(configured.in_flight);
  policy.gate_block = configured.gate_block;
  for (const auto& entry : configured.schedule) {
    profile_hours hours;
    hours.from_minute = static_cast<std::uint32_t>(entry.from.count());
    hours.to_minute = static_cast<std::uint32_t>(entry.to.count());
    hours.profile = entry.profile;
    policy.schedule.push_back(std::move(hours));
  }
  return policy;
}

std::string_view profile_at(const bandwidth_policy& policy, std::uint32_t minute) noexcept {
  for (const auto& hours : policy.schedule)
    if (holds(hours, minute))
      return hours.profile;
  return policy.profile;
}

double import_reservation(std::string_view profile) noexcept {
  if (profile == "balanced")
    return 0.1;
  if (profile == "import-first")
    return 0.5;
  return 0;
}

}  // namespace sluice::actors
