// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "actors/bandwidth/allocation.hpp"
#include "actors/bandwidth/throttle.hpp"
#include "actors/protocol.hpp"
#include "schemas/configuration.hpp"

namespace sluice::actors {

[[nodiscard]] bandwidth_limits limits_of(const schemas::bandwidth_configuration& configured);

/// Shares `[bandwidth]` out between the running imports, ten times a second: measures what each one took, asks the pure
/// `allocate` for everybody's share, and sets the throttles. An import that does not use its share lends it to those
/// that wait. Should it die, the throttles keep the rates they have; its death stops the service.
struct bandwidth_supervisor_state {
  static inline const char* name = "bandwidth-supervisor";
  explicit bandwidth_supervisor_state(bandwidth_supervisor_actor::pointer owner) : self(owner) {}

  bandwidth_supervisor_actor::behavior_type make_behavior(throttle_board* throttles,
                                                          const schemas::bandwidth_configuration& configured);
  void on_configure(const bandwidth_limits& fresh);
  void on_tick(std::uint64_t armed);
  void arm();
  void share_out();

  static constexpr caf::timespan interval = std::chrono::milliseconds{100};

  bandwidth_supervisor_actor::pointer self;
  throttle_board* board = nullptr;
  bandwidth_limits limits;
  std::uint64_t generation = 0;
  std::map<std::string, std::uint64_t> taken_before;  ///< by import id
};

bandwidth_supervisor_actor::behavior_type bandwidth_supervisor(
    bandwidth_supervisor_actor::stateful_pointer<bandwidth_supervisor_state> self, throttle_board* throttles,
    const schemas::bandwidth_configuration& configured);

}  // namespace sluice::actors
