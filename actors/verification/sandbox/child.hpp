// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "actors/verification/sandbox/confinement.hpp"
#include "actors/verification/sandbox/keeper.hpp"
#include "actors/verification/sandbox/sandbox_runner.hpp"
#include "persistence/unique_fd.hpp"

namespace sluice::actors::verification::sandbox {

/// What connects a child with the keeper.
struct child_pipes {
  persistence::unique_fd report_read, report_write;        ///< its standard output
  persistence::unique_fd complaint_read, complaint_write;  ///< a program's standard error
  persistence::unique_fd input;                            ///< a program's standard input

  /// Nothing when descriptors or memory have run out. Reading ends do not wait.
  [[nodiscard]] static std::optional<child_pipes> open(bool for_program, std::string_view input);
};

/// The rest of a process that has just been forked: puts its descriptors in place, confines itself and runs `function`,
/// or executes the job's program when that is null.
[[noreturn]] void become_child(const sandbox_job& job, const built_in* function, const child_pipes& pipes, int nowhere,
                               const confinement& how) noexcept;

}  // namespace sluice::actors::verification::sandbox
