// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/actors/verification/packaging/packed.hpp"

using namespace sluice;
using namespace sluice::test;
using namespace sluice::actors::verification::packaging;
using schemas::error_code;

namespace {

const std::vector<std::pair<packing, std::string>> tools{
    {packing::gzip, "gzip -9"}, {packing::xz, "xz -6"}, {packing::zstd, "zstd -q -3"}, {packing::bzip2, "bzip2 -9"}};

unpacking_limits limits(std::uint64_t most, std::uint64_t ratio = 1'000'000'000, std::uint64_t floor = 0) {
  unpacking_limits made;
  made.most_output = most;
  made.most_ratio = ratio;
  made.ratio_floor = floor;
  return made;
}

}  // namespace

TEST_CASE("what comes out is at most as long as an image may be, to the byte") {
  const auto content = mixed_content(40'000);
  for (const auto& [kind, command] : tools) {
    INFO(command);
    const auto packed = filtered(command, content);
    CHECK(unpacked(kind, packed, 4096, 4096, limits(40'000)).has_value());
    const auto came = unpacked(kind, packed, 4096, 4096, limits(39'999));
    REQUIRE_FALSE(came.has_value());
    CHECK(came.error().code == error_code::image_too_large);
  }
}

TEST_CASE("a bomb is stopped when more than the allowed ratio has come out of it") {
  const octets zeros(64 << 20);
  for (const auto& [kind, command] : tools) {
    INFO(command);
    const auto packed = filtered(command, zeros);
    const auto came = unpacked(kind, packed, 4096, 256 << 10, limits(1 << 30, 100));
    REQUIRE_FALSE(came.has_value());
    CHECK(came.error().code == error_code::unpacking_failed);
    CHECK_THAT(came.error().message, Catch::Contains("more than 100 bytes"));
    // Below the floor an empty disk is no bomb.
    const auto empty_disk = unpacked(kind, packed, 4096, 256 << 10, limits(1 << 30, 100, 64 << 20));
    REQUIRE(empty_disk.has_value());
    CHECK((*empty_disk == zeros));
  }
}

TEST_CASE("one layer comes off, no more") {
  const auto content = mixed_content(3000);
  for (const auto& [inner, inner_command] : tools)
    for (const auto& [outer, outer_command] : tools) {
      INFO(inner_command << " in " << outer_command);
      const auto twice = filtered(outer_command, filtered(inner_command, content));
      for (const std::size_t room : {1U, 1U << 16}) {
        const auto came = unpacked(outer, twice, 1 << 16, room);
        REQUIRE_FALSE(came.has_value());
        CHECK(came.error().code == error_code::unpacking_failed);
        CHECK_THAT(came.error().message, Catch::Contains("packed again"));
      }
    }
}
