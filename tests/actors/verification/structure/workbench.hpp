// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace sluice::tests {

/// Real programs at work in a folder that vanishes.
class workbench {
 public:
  workbench() {
    auto pattern = (std::filesystem::temp_directory_path() / "sluice-tables-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr)
      throw std::runtime_error("no temporary folder");
    folder_ = pattern;
  }
  workbench(const workbench&) = delete;
  workbench& operator=(const workbench&) = delete;
  ~workbench() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  /// The exit status of a shell command in the folder; -1 when it did not end by itself.
  [[nodiscard]] int status(const std::string& command) const {
    const auto line = "cd '" + folder_.string() + "' && { " + command + "; } >log 2>&1";
    const auto ended = std::system(line.c_str());
    return WIFEXITED(ended) ? WEXITSTATUS(ended) : -1;
  }
  [[nodiscard]] bool run(const std::string& command) const { return status(command) == 0; }
  [[nodiscard]] std::filesystem::path path(const std::string& name) const { return folder_ / name; }
  [[nodiscard]] std::string text(const std::string& name) const {
    std::ifstream file{folder_ / name, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
  }
  [[nodiscard]] std::vector<std::byte> image(const std::string& name) const {
    const auto content = text(name);
    const auto bytes = std::as_bytes(std::span{content});
    return {bytes.begin(), bytes.end()};
  }
  void write(const std::string& name, const std::vector<std::byte>& image) const {
    std::ofstream file{folder_ / name, std::ios::binary | std::ios::trunc};
    file.write(reinterpret_cast<const char*>(image.data()), static_cast<std::streamsize>(image.size()));
  }
  /// What QEMU says the virtual size is; 0 when it does not open the image.
  [[nodiscard]] std::uint64_t virtual_size(const std::string& name, const std::string& qemu_format) const {
    if (!run("qemu-img info -f " + qemu_format + " --output json " + name + " >info.json"))
      return 0;
    const auto info = text("info.json");
    const auto at = info.find("\"virtual-size\": ");
    return at == std::string::npos ? 0 : std::strtoull(info.c_str() + at + 16, nullptr, 10);
  }

 private:
  std::filesystem::path folder_;
};

}  // namespace sluice::tests
