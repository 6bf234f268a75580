// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>

#include "persistence/unique_fd.hpp"
#include "schemas/failure.hpp"

namespace sluice::actors::verification::sandbox {

/// The keeper as the service sees it: a child process and a socket.
struct keeper_process {
  pid_t process = 0;
  persistence::unique_fd socket;

  /// Executes `program` as the keeper, with nothing of this process but the socket and standard error. It dies with the
  /// thread that calls this.
  [[nodiscard]] static schemas::result<keeper_process> start(const std::string& program);
  /// Waits until it has ended, at most `patience`, then kills it. 0 is no process.
  static void end(pid_t process, std::chrono::milliseconds patience) noexcept;
};

}  // namespace sluice::actors::verification::sandbox
