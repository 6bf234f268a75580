// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdlib.h>
#include <sys/mount.h>

#include <filesystem>
#include <stdexcept>
#include <string>

namespace sluice::tests {

/// A directory of its own for one test, gone afterwards.
class temporary_directory {
 public:
  temporary_directory() {
    auto pattern = (std::filesystem::temp_directory_path() / "sluice-test-XXXXXX").string();
    if (!::mkdtemp(pattern.data()))
      throw std::runtime_error{"no temporary directory could be made"};
    path_ = pattern;
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  ~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

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
