// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <random>
#include <string_view>

#include "tests/actors/verification/structure/walking.hpp"
#include "tests/hostile/images/writer.hpp"

namespace sluice::tests {

/// Walks over many mutants of `image`, changed within its first `interesting` bytes; what they show is that none makes
/// the walk fall, hang or refuse without words.
inline void walk_mutants(const hostile::image_bytes& image, std::string_view format, std::size_t interesting,
                         int rounds) {
  constexpr std::uint64_t extremes[] = {
      0, 1, 0x7F, 0xFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, ~std::uint64_t{0}};
  const std::uint32_t seed = Catch::rngSeed();
  INFO("seed " << seed);
  std::mt19937 random{seed};
  for (int round = 0; round < rounds; ++round) {
    auto mutant = image;
    for (auto changes = 1 + random() % 4; changes > 0; --changes) {
      const auto at = random() % std::min(interesting, image.size() - 8);
      if (random() % 2 == 0)
        mutant[at] ^= static_cast<std::byte>(1U << (random() % 8));
      else
        hostile::put_little(mutant, at, std::size_t{1} << (random() % 4), extremes[random() % std::size(extremes)]);
    }
    if (random() % 16 == 0)
      mutant.resize(1 + random() % mutant.size());
    const auto found = walk(mutant, format);
    if (!found && found.error().message.empty())
      FAIL("refused without a sentence");
  }
}

}  // namespace sluice::tests
