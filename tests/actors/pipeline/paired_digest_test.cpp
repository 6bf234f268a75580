// SPDX-License-Identifier: Apache-2.0
#include "actors/pipeline/paired_digest.hpp"

#include <random>
#include <vector>

#include <catch2/catch.hpp>

#include "actors/pipeline/lanes.hpp"

using namespace sluice::actors;

namespace {

std::vector<std::byte> noise(std::size_t size, std::mt19937& random) {
  std::vector<std::byte> bytes(size);
  for (auto& byte : bytes)
    byte = static_cast<std::byte>(random());
  return bytes;
}

std::string by_openssl(const char* algorithm, std::span<const std::byte> bytes) {
  digest_lane lane{algorithm};
  REQUIRE(lane.consume(bytes));
  REQUIRE(lane.finish());
  return lane.value();
}

}  // namespace

TEST_CASE("the paired digests are OpenSSL's, for every length around the blocks and every way of cutting") {
  if (!paired_digest::supported()) {
    WARN("this processor has no AVX-512: nothing to compare");
    return;
  }
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
    const auto values = paired.finish();
    REQUIRE(values.md5 == by_openssl("md5", whole));
    REQUIRE(values.sha512 == by_openssl("sha512", whole));
  }
}

TEST_CASE("the paired digests are OpenSSL's for whole blocks of the pipeline at any alignment") {
  if (!paired_digest::supported())
    return;
  std::mt19937 random{Catch::rngSeed()};
  const auto bytes = noise((1 << 20) + 64, random);
  for (std::size_t shift : {0, 1, 7, 63}) {
    const auto whole = std::span{bytes}.subspan(shift, 1 << 20);
    paired_digest paired;
    for (std::size_t at = 0; at < whole.size(); at += 256 << 10)
      paired.update(whole.subspan(at, 256 << 10));
    const auto values = paired.finish();
    CHECK(values.md5 == by_openssl("md5", whole));
    CHECK(values.sha512 == by_openssl("sha512", whole));
  }
}
