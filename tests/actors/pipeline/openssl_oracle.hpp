// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <cstddef>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "actors/pipeline/lanes.hpp"
#include "actors/pipeline/paired_digest.hpp"

/// OpenSSL is the oracle of our own digests.
namespace sluice::test {

inline std::vector<std::byte> noise(std::size_t size, std::mt19937& random) {
  std::vector<std::byte> bytes(size);
  for (auto& byte : bytes)
    byte = static_cast<std::byte>(random());
  return bytes;
}

inline std::string by_openssl(const char* algorithm, std::span<const std::byte> bytes) {
  actors::digest_lane lane{algorithm};
  REQUIRE(lane.consume(bytes));
  REQUIRE(lane.finish());
  return lane.value();
}

/// Finishes `tested`, which was given `bytes`.
inline void require_openssl(actors::paired_digest& tested, std::span<const std::byte> bytes) {
  const auto values = tested.finish();
  REQUIRE(values.md5 == by_openssl("md5", bytes));
  REQUIRE(values.sha512 == by_openssl("sha512", bytes));
}

/// True, with a warning, where the processor cannot run what is tested.
inline bool cannot() {
  if (actors::paired_digest::supported())
    return false;
  WARN("this processor has no AVX-512: nothing to compare");
  return true;
}

}  // namespace sluice::test
