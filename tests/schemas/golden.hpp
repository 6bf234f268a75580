// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include <catch2/catch.hpp>

/// A file of tests/schemas/golden/ that nothing writes any more.
inline std::string golden_file(const std::string& name) {
  std::ifstream stream{std::string{SLUICE_SOURCE_DIR "/tests/schemas/golden/"}.append(name), std::ios::binary};
  REQUIRE(stream);
  return {std::istreambuf_iterator<char>{stream}, {}};
}

/// Text that must stay as it is, under tests/schemas/golden/. With UPDATE_GOLDEN in the environment the files are
/// written anew: the difference is for the reviewer.
inline std::string golden(const std::string& name, const std::string& written) {
  const auto path = std::string{SLUICE_SOURCE_DIR "/tests/schemas/golden/"}.append(name);
  if (std::getenv("UPDATE_GOLDEN") != nullptr)
    std::ofstream{path, std::ios::binary} << written;
  std::ifstream stream{path, std::ios::binary};
  REQUIRE(stream);
  return {std::istreambuf_iterator<char>{stream}, {}};
}
