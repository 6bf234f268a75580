// SPDX-License-Identifier: Apache-2.0
#include "actors/pipeline/grouped_digest.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "tests/actors/pipeline/openssl_oracle.hpp"

using namespace sluice::actors;
using namespace sluice::test;

TEST_CASE("digests of a group are OpenSSL's, for every number of members, at one length and at many") {
  if (cannot())
    return;
  std::mt19937 random{Catch::rngSeed()};
  const auto bytes = noise(1 << 17, random);
  for (std::size_t count = 1; count <= group_most; ++count)
    for (const bool equal : {true, false}) {
      std::vector<paired_digest> digests(count);
      std::vector<grouped_part> parts(count);
      for (std::size_t index = 0; index < count; ++index) {
        const auto length = equal ? 4096 : random() % 20'000;
        parts[index].digest = &digests[index];
        parts[index].bytes = std::span{bytes}.subspan(random() % (bytes.size() - length), length);
      }
      update_together(parts);
      for (std::size_t index = 0; index < count; ++index) {
        INFO("member " << index << " of " << count << ", " << parts[index].bytes.size() << " bytes");
        require_openssl(digests[index], parts[index].bytes);
      }
    }
}

TEST_CASE("members of a group may have nothing, less than a step, and one byte around it") {
  if (cannot())
    return;
  std::mt19937 random{Catch::rngSeed()};
  const auto bytes = noise(8192, random);
  const std::size_t lengths[] = {0, 1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 255, 256, 257, 8192};
  std::vector<paired_digest> digests(std::size(lengths));
  std::vector<grouped_part> parts;
  for (std::size_t index = 0; index < digests.size(); ++index)
    parts.push_back({&digests[index], std::span{bytes}.first(lengths[index])});
  update_together(parts);
  update_together({});
  for (std::size_t index = 0; index < digests.size(); ++index)
    require_openssl(digests[index], parts[index].bytes);
}

TEST_CASE("imports that come, go, and are cut anywhere, alone or in groups, have OpenSSL's digests") {
  if (cannot())
    return;
  std::mt19937 random{Catch::rngSeed()};
  struct import {
    std::vector<std::byte> bytes;
    std::size_t at = 0;
    paired_digest digest;
  };
  for (int round = 0; round < 20; ++round) {
    std::vector<import> imports(1 + random() % 40);
    std::vector<import*> unfinished;
    for (auto& each : imports) {
      each.bytes = noise(random() % 30'000, random);
      unfinished.push_back(&each);
    }
    while (!unfinished.empty()) {
      std::shuffle(unfinished.begin(), unfinished.end(), random);
      const auto count = std::min<std::size_t>(unfinished.size(), 1 + random() % group_most);
      std::vector<grouped_part> parts;
      for (std::size_t index = 0; index < count; ++index) {
        auto& each = *unfinished[index];
        // Whole steps as the pipeline has them, and anything.
        const auto wanted = random() % 2 == 0 ? 128 * (random() % 40) : random() % 3000;
        const auto piece = std::span{each.bytes}.subspan(each.at, std::min(each.bytes.size() - each.at, wanted));
        each.at += piece.size();
        if (random() % 8 == 0)
          each.digest.update(piece);
        else
          parts.push_back({&each.digest, piece});
      }
      update_together(parts);
      std::erase_if(unfinished, [](const import* each) { return each->at == each->bytes.size(); });
    }
    for (auto& each : imports)
      require_openssl(each.digest, each.bytes);
  }
}
