// SPDX-License-Identifier: Apache-2.0
#include "http/server/round_trip_bases.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace sluice::http;
using namespace std::chrono_literals;

peer_address peer(std::size_t number) {
  return {0, 0, static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
}

constexpr round_trip_bases::clock::time_point start{1h};

}  // namespace

TEST_CASE("a connection opened into a full queue is held against what its peer has shown before") {
  round_trip_bases bases;
  CHECK(bases.smallest_of(peer(1), 300, start) == 300);
  CHECK(bases.smallest_of(peer(1), 20'000, start + 1s) == 300);
  CHECK(bases.smallest_of(peer(1), 250, start + 2s) == 250);
  CHECK(bases.smallest_of(peer(2), 20'000, start + 3s) == 20'000);
}

TEST_CASE("a way that has become longer is believed after five to ten minutes") {
  round_trip_bases bases;
  bases.smallest_of(peer(1), 300, start);
  CHECK(bases.smallest_of(peer(1), 9000, start + round_trip_bases::period) == 300);
  CHECK(bases.smallest_of(peer(1), 9000, start + 2 * round_trip_bases::period - 1s) == 300);
  CHECK(bases.smallest_of(peer(1), 9000, start + 2 * round_trip_bases::period) == 9000);
  CHECK(bases.smallest_of(peer(1), 12'000, start + 5 * round_trip_bases::period) == 12'000);
}

TEST_CASE("as many peers as there are bases for are remembered, and the one longest silent is forgotten first") {
  round_trip_bases bases;
  for (std::size_t number = 0; number < round_trip_bases::most_peers; ++number)
    bases.smallest_of(peer(number), 100, start + number * 1ms);
  bases.smallest_of(peer(0), 100, start + 1s);
  bases.smallest_of(peer(1000), 100, start + 2s);
  CHECK(bases.peers() == round_trip_bases::most_peers);
  CHECK(bases.smallest_of(peer(0), 500, start + 3s) == 100);
  CHECK(bases.smallest_of(peer(1), 500, start + 3s) == 500);
}
