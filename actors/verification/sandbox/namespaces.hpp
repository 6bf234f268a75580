// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include "persistence/unique_fd.hpp"

namespace sluice::actors::verification::sandbox {

/// Where the keeper and its children live, apart from the rest of the machine: an empty network, an IPC space of their
/// own, and for each child a space of processes in which it is the first, so that whatever it starts dies with it
/// (namespaces(7)). Each as far as the kernel lets this user; a container often does not.
class namespaces {
 public:
  /// Moves this process, which has one thread, and finds out what is possible.
  [[nodiscard]] static namespaces enter() noexcept;

  /// fork(2), into a new space of processes where possible.
  [[nodiscard]] pid_t fork() const noexcept;

  [[nodiscard]] bool own_network() const noexcept { return own_network_; }
  [[nodiscard]] bool own_processes() const noexcept { return static_cast<bool>(outer_processes_); }

 private:
  bool own_network_ = false;
  persistence::unique_fd outer_processes_;  ///< to come back to after each fork
};

}  // namespace sluice::actors::verification::sandbox
