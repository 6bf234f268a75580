// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/structure/file_map.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <random>

using namespace sluice::actors::verification::structure;
using sluice::schemas::error_code;

namespace {
constexpr std::uint64_t mib = 1 << 20;

error_code code_of(const sluice::schemas::result<void>& judged) {
  return judged ? error_code::none : judged.error().code;
}
}  // namespace

TEST_CASE("parts that only touch are apart, one byte in common is an overlap that names both") {
  walk_budget budget{{}};
  file_map map{mib, 512, budget};
  REQUIRE(map.claim(0, 512, "the header"));
  REQUIRE(map.claim(612, 100, "the table"));
  CHECK(map.claim(512, 100, "the descriptor"));
  for (const auto& [offset, length] : {std::pair{0, 1}, {711, 1}, {500, 300}, {600, 200}, {611, 2}, {0, 1 << 20}}) {
    const auto judged = map.claim(static_cast<std::uint64_t>(offset), static_cast<std::uint64_t>(length), "a grain");
    REQUIRE(code_of(judged) == error_code::overlapping_structures);
    CHECK(judged.error().message.find("a grain") != std::string::npos);
    CHECK(judged.error().message.find("already is") != std::string::npos);
  }
  CHECK(map.claim(712, 0, "nothing"));
  CHECK(map.end() == 712);
}

TEST_CASE("what is past the end of the file is truncated, also where offset and length overflow") {
  walk_budget budget{{}};
  file_map map{mib, 512, budget};
  CHECK(map.claim(mib - 1, 1, "the footer"));
  CHECK(code_of(map.claim(mib - 512, 513, "a table")) == error_code::image_truncated);
  CHECK(code_of(map.claim(~std::uint64_t{0} - 10, 512, "a table")) == error_code::image_truncated);
  CHECK(code_of(map.claim_unit(mib, 512, "a grain")) == error_code::image_truncated);
  CHECK(code_of(map.claim_unit(512, ~std::uint64_t{0}, "a grain")) == error_code::image_truncated);
}

TEST_CASE("units and parts are kept apart in either order") {
  walk_budget budget{{}};
  file_map map{mib, 512, budget};
  REQUIRE(map.claim(1000, 24, "the table"));
  CHECK(code_of(map.claim_unit(512, 1024, "a grain")) == error_code::overlapping_structures);
  REQUIRE(map.claim_unit(1024, 700, "a grain"));
  CHECK(code_of(map.claim_unit(1536, 512, "a grain")) == error_code::overlapping_structures);
  CHECK(map.claim_unit(2048, 512, "a grain"));
  CHECK(code_of(map.claim(1700, 10, "the directory")) == error_code::overlapping_structures);
  CHECK(map.claim(2560, 10, "the directory"));
}

TEST_CASE("units are told apart exactly as one flag a granule would, whatever their order and length") {
  const std::uint32_t seed = Catch::rngSeed();
  INFO("seed " << seed);
  std::mt19937 random{seed};
  constexpr std::size_t granules = 200'000;
  walk_budget budget{{}};
  file_map map{granules * 512, 512, budget};
  std::vector<bool> flags(granules);
  for (int i = 0; i < 6000; ++i) {
    const auto first = random() % granules;
    const auto length = std::min<std::size_t>(1 + random() % (i % 50 == 0 ? 70'000 : 40), granules - first);
    const auto begin = flags.begin() + static_cast<std::ptrdiff_t>(first);
    const auto end = begin + static_cast<std::ptrdiff_t>(length);
    const bool free = std::find(begin, end, true) == end;
    if (map.claim_unit(first * 512, length * 512 - random() % 512, "a grain").has_value() != free)
      FAIL("unit of " << length << " granules at " << first);
    if (free)
      std::fill(begin, end, true);
  }
}

TEST_CASE(
    "a file of a tebibyte whose data is in one piece takes next to no memory, scattered no more than a bit each") {
  walk_policy policy;
  policy.memory = 3 * mib;
  walk_budget budget{policy};
  constexpr std::uint64_t unit = 64 << 10;
  constexpr std::uint64_t units = 500'000;
  {
    file_map map{std::uint64_t{1} << 40, 512, budget};
    for (std::uint64_t i = 0; i < units; ++i)
      if (!map.claim_unit(i * unit, unit, "a grain"))
        FAIL("unit " << i);
  }
  file_map map{units * unit, unit, budget};
  for (std::uint64_t i = 0; i < units; ++i)
    if (!map.claim_unit(i * 7919 % units * unit, unit, "a grain"))
      FAIL("unit " << i);
  CHECK(code_of(map.claim_unit(0, unit, "a grain")) == error_code::overlapping_structures);
}

TEST_CASE("a map that would take more memory than allowed is refused, and gives back what it took") {
  walk_policy policy;
  policy.memory = 100 << 10;
  walk_budget budget{policy};
  {
    file_map map{std::uint64_t{1} << 32, 512, budget};
    auto judged = map.claim_unit(0, 512, "a grain");
    for (std::uint64_t i = 1; judged && i < 256; ++i)
      judged = map.claim_unit(i << 24, 512, "a grain");
    CHECK(code_of(judged) == error_code::too_complex);
  }
  CHECK(budget.take(policy.memory));
}
