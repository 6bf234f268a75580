// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "actors/verification/sandbox/sandbox_runner.hpp"
#include "actors/verification/sandbox/system_calls.hpp"

namespace sluice::actors::verification::sandbox {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
/// AddressSanitizer reserves terabytes and needs some calls more: limits of memory are left out, the rest holds.
inline constexpr bool under_sanitizers = true;
#else
inline constexpr bool under_sanitizers = false;
#endif

/// Exit status of a child that could not take on its confinement; it has not looked at anything then.
inline constexpr int not_confined = 121;

/// What a child does to itself before it looks at the first byte, so that a fault in what reads hostile bytes is worth
/// nothing to who planted it. No step can be undone. In order: limits, lowest priority, no name and no rights of a user
/// (root's children become nobody), no core and no tracing, death with the keeper, no new rights by any program, no
/// files but those it was given, no system calls but those it needs.
class confinement {
 public:
  /// Once, in the keeper.
  [[nodiscard]] static confinement prepare();

  /// In a child whose descriptors are in place. Ends the process with `not_confined` when a protection that the kernel
  /// has cannot be taken on.
  void confine_built_in(const sandbox_limits& limits) const noexcept;
  void confine_program(const sandbox_job& job) const noexcept;

  /// What the kernel lets us have, in words for the log: "seccomp landlock-7 rlimits".
  [[nodiscard]] std::string summary() const;

 private:
  std::optional<system_call_filter> built_ins_, programs_;
  int landlock_ = 0;
  std::uint64_t own_memory_ = 0;         ///< writable bytes that a child has from the keeper
  std::uint64_t own_address_space_ = 0;  ///< bytes
};

}  // namespace sluice::actors::verification::sandbox
