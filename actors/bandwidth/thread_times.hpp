// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "persistence/unique_fd.hpp"

namespace sluice::actors {

/// Of a thread since it began.
struct thread_times {
  std::uint64_t running = 0;  ///< nanoseconds on a processor
  std::uint64_t waiting = 0;  ///< nanoseconds runnable without one
};

/// Reads one thread's times from the kernel (`schedstat` in /proc, Documentation/scheduler/sched-stats.rst), at a
/// microsecond a time. They are exact, where a load is an average.
class thread_watch {
 public:
  thread_watch() = default;
  /// Of a thread of this process; the file stays open.
  explicit thread_watch(pid_t thread);

  /// Nothing where the kernel does not tell, or the thread is gone.
  [[nodiscard]] std::optional<thread_times> times() const noexcept;

 private:
  persistence::unique_fd schedstat_;
};

}  // namespace sluice::actors
