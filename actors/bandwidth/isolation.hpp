// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace sluice::actors {

/// The protections of serving, one switch each. All are on; bench/serve_under_import switches them off in turn to show
/// what each is worth. No configuration reaches them.
struct isolation {
  bool idle_class = true;    ///< digest threads are SCHED_IDLE
  bool low_threads = true;   ///< the transfer and store threads are below serving
  bool gate = true;          ///< work looks at serving_pressure between blocks
  bool controller = true;    ///< rates follow serving's signals
  bool small_writes = true;  ///< one block a write, not four, while images are being read
};

/// All on but those named, separated by commas. Throws std::invalid_argument for a name that is none.
[[nodiscard]] isolation isolation_without(std::string_view names);

/// All of them, but those that a measurement names in the environment's SLUICE_WITHOUT, with a warning in the log.
[[nodiscard]] isolation chosen_isolation();

}  // namespace sluice::actors
