// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace sluice::actors::verification::sandbox {

/// The version of Landlock that the kernel has; 0 when it has none.
[[nodiscard]] int landlock_version() noexcept;

/// What of the file system a process may still open (landlock(7)); descriptors that are open already stay so.
struct file_rules {
  std::vector<std::string>
      readable;  ///< files and folders, with all below them: read and execute; absent ones do not matter
  std::vector<int> readable_files;  ///< open files that may be opened again for reading
  std::vector<int> writable_files;  ///< … and for writing
};

/// Lays the rules on this process and all that it starts: whatever they do not name cannot be opened, made, renamed or
/// removed, no TCP port bound or connected to, no process outside signalled, each as far as the kernel's version goes.
/// Needs no_new_privs. False when the kernel refuses.
[[nodiscard]] bool lay_on(const file_rules& rules) noexcept;

}  // namespace sluice::actors::verification::sandbox
