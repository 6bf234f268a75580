// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace sluice::actors {

/// What the kernel says about this process, children not included; 0 where it does not say.
struct process_facts {
  double cpu_seconds = 0;  ///< user and system
  std::uint64_t resident_bytes = 0;
  std::uint64_t open_files = 0;
  std::uint64_t most_files = 0;  ///< it may have open
  double started_at = 0;         ///< seconds since 1970
};

[[nodiscard]] process_facts look_at_process();

}  // namespace sluice::actors
