// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "tests/support/temporary_directory.hpp"

namespace sluice::tests {

/// Real programs at work in a folder that vanishes.
class workshop {
 public:
  /// Runs a shell command in the folder; false when it fails.
  [[nodiscard]] bool run(const std::string& command) const {
    const auto line =
        "cd '" + folder_.path().string() + "' && PATH=$PATH:/usr/sbin:/sbin && { " + command + "; } >log 2>&1";
    return std::system(line.c_str()) == 0;
  }
  [[nodiscard]] static bool has(const std::string& program) {
    return std::system(("PATH=$PATH:/usr/sbin:/sbin command -v " + program + " >/dev/null 2>&1").c_str()) == 0;
  }
  [[nodiscard]] std::string text(const std::string& name) const {
    std::ifstream file{folder_ / name, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
  }
  [[nodiscard]] std::vector<std::byte> image(const std::string& name) const {
    const auto content = text(name);
    const auto bytes = std::as_bytes(std::span{content});
    return {bytes.begin(), bytes.end()};
  }
  /// What QEMU says the virtual size is.
  [[nodiscard]] std::uint64_t virtual_size(const std::string& name, const std::string& qemu_format) const {
    REQUIRE(run("qemu-img info -f " + qemu_format + " --output json " + name + " >info.json"));
    const auto info = text("info.json");
    const auto at = info.find("\"virtual-size\": ");
    REQUIRE(at != std::string::npos);
    return std::strtoull(info.c_str() + at + 16, nullptr, 10);
  }

  void write(const std::string& name, std::span<const std::byte> bytes) const {
    std::ofstream file{folder_ / name, std::ios::binary};
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }

 private:
  temporary_directory folder_;
};

}  // namespace sluice::tests
