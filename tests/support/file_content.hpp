// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <fstream>
#include <ios>
#include <stdexcept>
#include <string>

namespace sluice::tests {

/// All bytes of a file, read in one go: character by character, unoptimised, it takes seconds for a few megabytes.
/// Throws when it cannot be read.
inline std::string file_content(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary | std::ios::ate};
  if (!file)
    throw std::runtime_error{"cannot read " + path.string()};
  std::string content(static_cast<std::size_t>(file.tellg()), '\0');
  file.seekg(0);
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (!file)
    throw std::runtime_error{"cannot read all of " + path.string()};
  return content;
}

}  // namespace sluice::tests
