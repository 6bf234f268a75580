// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "actors/bandwidth/allocation.hpp"
#include "schemas/configuration.hpp"

namespace sluice::actors {

/// A part of the day with another profile; local time. `to_minute` may be the smaller: the hours then pass midnight.
struct profile_hours {
  std::uint32_t from_minute = 0;  ///< since midnight
  std::uint32_t to_minute = 0;
  std::string profile;
};

/// `[bandwidth]` as it travels to the supervisor.
struct bandwidth_policy {
  std::string profile;  ///< outside the schedule's hours
  bandwidth_limits limits;
  std::uint64_t link = 0;     ///< bytes per second; 0 = learn it
  std::uint64_t trickle = 0;  ///< bytes per second of a paused import
  std::uint64_t serve_target_ns = 0;
  double starved_percent = 0;
  std::uint64_t in_flight_ns = 0;
  std::uint64_t gate_block = 0;  ///< bytes
  std::vector<profile_hours> schedule;
};

[[nodiscard]] bandwidth_policy policy_of(const schemas::bandwidth_configuration& configured);

/// The profile in force at `minute` since local midnight: of the first hours that hold it, else the policy's own.
[[nodiscard]] std::string_view profile_at(const bandwidth_policy& policy, std::uint32_t minute) noexcept;

/// The share of what imports can reach that is theirs also while serving is hurt: 0 for serve-first and custom, 0.1 for
/// balanced, 0.5 for import-first.
[[nodiscard]] double import_reservation(std::string_view profile) noexcept;

}  // namespace sluice::actors
