// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/wait.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "tests/support/file_content.hpp"
#include "tests/support/temporary_directory.hpp"

namespace sluice::tests {

/// Real programs at work in a folder that vanishes.
class workshop {
 public:
  /// The exit status of a shell command in the folder; -1 when it did not end by itself.
  [[nodiscard]] int status(const std::string& command) const {
    const auto line =
        "cd '" + folder_.path().string() + "' && PATH=$PATH:/usr/sbin:/sbin && { " + command + "; } >log 2>&1";
    const auto ended = std::system(line.c_str());
    return WIFEXITED(ended) ? WEXITSTATUS(ended) : -1;
  }
  /// Before it derives a key, qemu-img measures the processor, and gives up where the clock stood still for it, one
  /// time in three on some virtual machines: then the command runs again.
  [[nodiscard]] bool run(const std::string& command) const {
    for (int left = most_runs; status(command) != 0; --left)
      if (left == 1 || text("log").find("Unable to get accurate CPU usage") == std::string::npos)
        return false;
    return true;
  }
  [[nodiscard]] static bool has(const std::string& program) {
    return std::system(("PATH=$PATH:/usr/sbin:/sbin command -v " + program + " >/dev/null 2>&1").c_str()) == 0;
  }
  [[nodiscard]] std::string text(const std::string& name) const { return file_content(folder_ / name); }
  [[nodiscard]] std::vector<std::byte> image(const std::string& name) const {
    const auto content = text(name);
    const auto bytes = std::as_bytes(std::span{content});
    return {bytes.begin(), bytes.end()};
  }
  /// What QEMU says the virtual size is; 0 when it does not open the image.
  [[nodiscard]] std::uint64_t virtual_size(const std::string& name, const std::string& qemu_format) const {
    if (!run("qemu-img info -f " + qemu_format + " --output json " + name + " >info.json"))
      return 0;
    const auto info = text("info.json");
    const auto at = info.find("\"virtual-size\": ");
    return at == std::string::npos ? 0 : std::strtoull(info.c_str() + at + 16, nullptr, 10);
  }

  void write(const std::string& name, std::span<const std::byte> bytes) const {
    std::ofstream file{folder_ / name, std::ios::binary};
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  [[nodiscard]] std::filesystem::path path(const std::string& name) const { return folder_ / name; }

 private:
  static constexpr int most_runs = 30;

  temporary_directory folder_;
};

}  // namespace sluice::tests
