// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// What the bandwidth supervisor says about itself: what is in force, who has how much, and why. Values only; it
/// travels to the operator's port. Rates are bytes per second; `unlimited_rate` where nothing limits.
namespace sluice::actors {

/// One of serving's signals against its target: serving is hurt when `value` exceeds `target`.
struct signal_report {
  std::string name;  ///< starved | loop_lag | run_queue | round_trip | disk | commit
  double value = 0;
  double target = 0;
  std::string unit;        ///< "percent" or "microseconds"
  std::uint64_t cuts = 0;  ///< how often it lowered the rate of imports since the start
};

struct class_report {
  std::string name;               ///< system | serve | api | export | import | convert | verify
  std::uint64_t reservation = 0;  ///< kept for it also when others want everything
  double weight = 0;
  std::uint64_t limit = 0;    ///< 0 = none
  std::uint64_t rate = 0;     ///< measured
  std::uint64_t allowed = 0;  ///< `unlimited_rate` = whatever it can use
};

struct project_report {
  std::string project_id;
  double weight = 1;
  std::uint64_t max = 0;  ///< 0 = none
  std::uint64_t rate = 0;
  std::uint64_t running = 0;  ///< imports that move bytes
};

struct running_import_report {
  std::string import_id, project_id, source_host;
  std::uint64_t rate = 0;     ///< measured over the last second or so
  std::uint64_t allowed = 0;  ///< `unlimited_rate` = whatever it can use
  std::string limited_by;     ///< see import_limit; "serving" when imports step aside for reads
};

struct bandwidth_report {
  std::string profile;            ///< in force now
  std::string configured;         ///< the one that the schedule departs from
  std::uint64_t link = 0;         ///< configured capacity; 0 = learnt
  std::uint64_t capacity = 0;     ///< what imports have been seen to reach lately; 0 = nothing seen yet
  std::uint64_t allowed = 0;      ///< for all imports together, now
  std::uint64_t import_rate = 0;  ///< measured
  std::uint64_t serve_rate = 0;   ///< measured: bytes of image answers
  std::uint64_t in_hand = 0;      ///< answers ready and not waiting for their client
  std::uint64_t holds = 0;        ///< how often imports were held for serving since the start
  std::uint64_t cuts = 0;         ///< how often their rate was lowered
  std::string limited_by;         ///< why `allowed` is what it is: "" | import_max | link | serving
  std::vector<signal_report> signals;
  std::vector<class_report> classes;
  std::vector<project_report> projects;
  std::vector<running_import_report> imports;
};

}  // namespace sluice::actors
