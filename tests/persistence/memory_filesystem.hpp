// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/mount.h>

#include <filesystem>
#include <string>

#include "tests/support/temporary_directory.hpp"

namespace sluice::tests {

/// A small filesystem in memory, where the test may mount one.
class memory_filesystem {
 public:
  memory_filesystem(const char* type, const std::string& options)
      : mounted_{::mount("none", place_.path().c_str(), type, MS_NOSUID | MS_NODEV, options.c_str()) == 0} {}
  memory_filesystem(const memory_filesystem&) = delete;
  memory_filesystem& operator=(const memory_filesystem&) = delete;
  ~memory_filesystem() {
    if (mounted_)
      ::umount2(place_.path().c_str(), MNT_DETACH);
  }
  [[nodiscard]] explicit operator bool() const noexcept { return mounted_; }
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return place_.path(); }

 private:
  temporary_directory place_;
  bool mounted_;
};

}  // namespace sluice::tests
