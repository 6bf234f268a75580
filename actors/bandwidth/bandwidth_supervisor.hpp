// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "actors/bandwidth/allocation.hpp"
#include "actors/bandwidth/bandwidth_policy.hpp"
#include "actors/bandwidth/class_shares.hpp"
#include "actors/bandwidth/governor.hpp"
#include "actors/bandwidth/isolation.hpp"
#include "actors/bandwidth/project_balance.hpp"
#include "actors/bandwidth/serving_signals.hpp"
#include "actors/bandwidth/throttle.hpp"
#include "actors/ports.hpp"
#include "actors/protocol.hpp"

namespace sluice::actors {

/// What the bandwidth supervisor works with; all of it outlives the actor.
struct bandwidth_surroundings {
  throttle_board& throttles;
  serving_signals& signals;
  gate& imports_gate;
  const wall_clock& clock;  ///< of the schedule
  isolation protections;    ///< without `controller`, serving's signals change nothing
};

/// Governs what imports take. While any runs it looks two hundred times a second at what serving feels, asks the
/// governor how much all imports may take, the pure `allocate` for everybody's share of it, and sets the throttles. An
/// import that does not use its share lends it to those that wait. Where nothing is limited, projects share the machine
/// itself (`project_balance`). Should it die, the throttles keep the rates they
/// have; its death stops the service.
struct bandwidth_supervisor_state {
  static inline const char* name = "bandwidth-supervisor";
  explicit bandwidth_supervisor_state(bandwidth_supervisor_actor::pointer owner)
      : self(owner), governing(governor_settings{}) {}

  bandwidth_supervisor_actor::behavior_type make_behavior(const bandwidth_surroundings& around,
                                                          const bandwidth_policy& configured);
  [[nodiscard]] bandwidth_report report();

 private:
  struct account {
    std::uint64_t taken = 0;  ///< at the last measurement
    double rate = 0;          ///< bytes per second, smoothed over about a second
    std::uint64_t demand = unlimited_rate;
    std::uint64_t allowed = unlimited_rate;
    throttle_reason why = throttle_reason::limit;  ///< of `allowed`
  };
  using throttles = std::vector<std::shared_ptr<throttle>>;

  void on_tick(std::uint64_t armed);
  void arm(caf::timespan after);
  void follow_schedule();
  void put_in_force();
  void measure(const throttles& running, governor::clock::time_point now);
  [[nodiscard]] governor_input look(const throttles& running);
  void balance(const throttles& running, const std::set<std::string>& waiting);
  void share_out(const throttles& running);
  void hold_back(bandwidth_limits& limits, const std::vector<bandwidth_claim>& claims) const;
  [[nodiscard]] const char* limit_of(const account& one) const;

  static constexpr caf::timespan idle_interval = std::chrono::milliseconds{100};
  static constexpr std::chrono::milliseconds measuring{100};

  bandwidth_supervisor_actor::pointer self;
  std::unique_ptr<bandwidth_surroundings> around;
  bandwidth_policy policy;
  std::string profile;  ///< in force
  governor governing;
  project_balance balancing;
  std::uint64_t generation = 0;
  std::uint64_t allowed = unlimited_rate;  ///< for all imports, by the governor
  std::uint64_t shared_out = unlimited_rate;
  double import_rate = 0, serve_rate = 0;
  std::uint64_t bytes_before = 0, requests_before = 0;
  governor::clock::time_point measured_at{}, looked_at{}, trips_at{};
  std::map<std::string, account> accounts;  ///< by import id
};

bandwidth_supervisor_actor::behavior_type bandwidth_supervisor(
    bandwidth_supervisor_actor::stateful_pointer<bandwidth_supervisor_state> self, const bandwidth_surroundings* around,
    const bandwidth_policy& configured);

}  // namespace sluice::actors
