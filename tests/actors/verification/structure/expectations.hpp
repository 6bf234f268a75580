// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "actors/verification/structure/walk.hpp"
#include "tests/hostile/images/writer.hpp"

/// What the tests of the walks share: a walk over bytes in memory, and what is expected of it.
namespace sluice::tests {

using actors::verification::structure::walk_findings;
using actors::verification::structure::walk_policy;

inline schemas::result<walk_findings> walk(std::span<const std::byte> image, std::string_view format,
                                           const walk_policy& policy = {}) {
  namespace structure = actors::verification::structure;
  structure::memory_bytes bytes{image};
  structure::walk_budget budget{policy};
  const auto known = structure::walk_of(format);
  REQUIRE(known != nullptr);
  return known(bytes, policy, budget);
}

/// The walk finds nothing wrong, and the guest would see `virtual_size` bytes.
inline walk_findings check_walked(std::span<const std::byte> image, std::string_view format, std::uint64_t virtual_size,
                                  const walk_policy& policy = {}) {
  const auto found = walk(image, format, policy);
  INFO((found ? std::string{} : found.error().message));
  REQUIRE(found.has_value());
  CHECK(found->disk_format == format);
  CHECK(found->virtual_size == virtual_size);
  return *found;
}

/// The walk refuses with this code, in a sentence.
inline void check_walk_refused(std::span<const std::byte> image, std::string_view format, schemas::error_code code,
                               const walk_policy& policy = {}) {
  const auto found = walk(image, format, policy);
  REQUIRE_FALSE(found.has_value());
  INFO(found.error().message);
  CHECK(found.error().code == code);
  CHECK(found.error().message.size() > 40);
  CHECK(found.error().message.back() == '.');
}

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
