// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <fstream>
#include <string>

#include "tests/support/file_content.hpp"

/// A file of tests/schemas/golden/ that nothing writes any more.
inline std::string golden_file(const std::string& name) {
  return sluice::tests::file_content(std::string{SLUICE_SOURCE_DIR "/tests/schemas/golden/"}.append(name));
}

/// Text that must stay as it is, under tests/schemas/golden/. With UPDATE_GOLDEN in the environment the files are
/// written anew: the difference is for the reviewer.
inline std::string golden(const std::string& name, const std::string& written) {
  const auto path = std::string{SLUICE_SOURCE_DIR "/tests/schemas/golden/"}.append(name);
  if (std::getenv("UPDATE_GOLDEN") != nullptr)
    std::ofstream{path, std::ios::binary} << written;
  return sluice::tests::file_content(path);
}
