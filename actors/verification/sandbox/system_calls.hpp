// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/filter.h>

#include <optional>
#include <vector>

namespace sluice::actors::verification::sandbox {

/// Which calls of the system a process may still make: compiled once by the keeper, laid on by each child, never taken
/// off again (seccomp(2)).
class system_call_filter {
 public:
  /// For functions that are built in: read the image, write the report, take and give back memory, look at the clock,
  /// end. Anything else (each way to open, connect, execute, make a process) kills the process.
  [[nodiscard]] static std::optional<system_call_filter> for_built_ins();
  /// For programs, which nobody can list the needs of: everything but sockets, the tracing of others, namespaces,
  /// mounts, keys, io_uring, BPF, devices, clocks, modules and priorities. What is forbidden fails with EPERM.
  [[nodiscard]] static std::optional<system_call_filter> for_programs();

  /// On this process and all that it starts. Needs no_new_privs. False when the kernel refuses.
  [[nodiscard]] bool lay_on() const noexcept;

 private:
  explicit system_call_filter(std::vector<sock_filter> program) : program_{std::move(program)} {}
  friend std::optional<system_call_filter> compiled(void* rules);
  std::vector<sock_filter> program_;
};

}  // namespace sluice::actors::verification::sandbox
