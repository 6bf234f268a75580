// SPDX-License-Identifier: Apache-2.0
#include "actors/pipeline/paired_digest.hpp"

#include <random>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/actors/pipeline/openssl_oracle.hpp"

using namespace sluice::actors;
using namespace sluice::test;

TEST_CASE("the paired digests are OpenSSL's, for every length around the blocks and every way of cutting") {
  if (cannot())
    return;
  std::mt19937 random{Catch::rngSeed()};
  const auto bytes = noise(4096, random);
  for (std::size_t length = 0; length <= 700; ++length) {
    const auto whole = std::span{bytes}.first(length);
    paired_digest paired;
    for (std::size_t at = 0; at < length;) {
      const auto piece = std::min<std::size_t>(length - at, 1 + random() % 300);
      paired.update(whole.subspan(at, piece));
      at += piece;
    }
    require_openssl(paired, whole);
  }
}

TEST_CASE("the paired digests are OpenSSL's for whole blocks of the pipeline at any alignment") {
  if (cannot())
    return;
  std::mt19937 random{Catch::rngSeed()};
  const auto bytes = noise((1 << 20) + 64, random);
  for (std::size_t shift : {0, 1, 7, 63}) {
    const auto whole = std::span{bytes}.subspan(shift, 1 << 20);
    paired_digest paired;
    for (std::size_t at = 0; at < whole.size(); at += 256 << 10)
      paired.update(whole.subspan(at, 256 << 10));
    require_openssl(paired, whole);
  }
}
