// SPDX-License-Identifier: Apache-2.0
#include "http/server/recent_round_trip.hpp"

#include <cstdint>
#include <limits>

#include <catch2/catch.hpp>

namespace {

using namespace sluice::http;

/// As the kernel keeps it (RFC 6298, 2.3).
struct connection {
  double smoothed = 0;
  std::uint32_t delivered = 0;
  recent_round_trip subject{};

  void acknowledge(double trip, std::uint32_t segments = 1) {
    for (; segments > 0; --segments, ++delivered)
      smoothed = delivered == 0 ? trip : smoothed * 7 / 8 + trip / 8;
  }
  auto look() { return subject.since_last(static_cast<std::uint32_t>(smoothed), delivered); }
};

}  // namespace

TEST_CASE("a round trip is told as it was, not as it is remembered") {
  connection one;
  one.acknowledge(200);
  REQUIRE(one.look());
  for (const double trip : {40'000.0, 200.0, 12'000.0, 300.0, 300.0}) {
    one.acknowledge(trip);
    const auto told = one.look();
    REQUIRE(told);
    CHECK(told->segments == 1);
    CHECK(told->microseconds == Approx(trip).margin(16));
  }
}

TEST_CASE("of an answer of many segments the round trip is what they had in common") {
  connection one;
  one.acknowledge(200);
  REQUIRE(one.look());
  const auto segments = GENERATE(2U, 8U, 45U, 4000U);
  one.acknowledge(9000, segments);
  const auto told = one.look();
  REQUIRE(told);
  CHECK(told->segments == segments);
  CHECK(told->microseconds == Approx(9000).margin(16));
}

TEST_CASE("a first look tells what there was, and without an acknowledgement since there is nothing to tell") {
  connection one;
  one.acknowledge(700, 3);
  const auto told = one.look();
  REQUIRE(told);
  CHECK(told->microseconds == 700);
  CHECK(told->segments == 3);
  CHECK_FALSE(one.look());
}

TEST_CASE("a count of segments that wraps around, and a round trip that fell by more than can be, are no surprise") {
  recent_round_trip subject;
  CHECK(subject.since_last(5000, std::numeric_limits<std::uint32_t>::max() - 1));
  const auto told = subject.since_last(0, 1);
  REQUIRE(told);
  CHECK(told->segments == 3);
  CHECK(told->microseconds == 0);
  CHECK(subject.since_last(std::numeric_limits<std::uint32_t>::max(), 2)->microseconds <= 1'000'000'000);
}

TEST_CASE("one answer of many segments is heard at once, short ones by the least of several") {
  least_round_trip subject;
  CHECK(subject.gather(9000, least_round_trip::enough) == 9000U);
  CHECK(subject.gather(7000, std::numeric_limits<std::uint32_t>::max()) == 7000U);
  for (std::uint32_t i = 0; i + 1 < least_round_trip::enough; ++i)
    REQUIRE_FALSE(subject.gather(i == 3 ? 6000 : 9000, 1));
  CHECK(subject.gather(9000, 1) == 6000U);
  CHECK(subject.gather(8000, least_round_trip::enough) == 8000U);
}

TEST_CASE("what a client holds back an acknowledgement for is no queue, and a queue is seen beside it") {
  least_round_trip subject;
  const auto queue = GENERATE(0U, 300U, 12'000U);
  for (std::uint32_t i = 0; i + 1 < least_round_trip::enough; ++i)
    REQUIRE_FALSE(subject.gather(queue + (i % 3 == 0 ? 0 : least_round_trip::held_back), 1));
  CHECK(subject.gather(queue + least_round_trip::held_back, 1) == queue);
}
