// SPDX-License-Identifier: Apache-2.0
#include "http/client/rate_floor.hpp"

#include <catch2/catch.hpp>

using namespace sluice::http;
using namespace std::chrono_literals;

TEST_CASE("a source below the minimum rate is found out at the end of the window") {
  rate_floor floor{1000, 30s};
  for (int second = 1; second < 30; ++second)
    CHECK(floor.account(1s, 999));
  CHECK_FALSE(floor.account(1s, 999));
}

TEST_CASE("a source at the minimum rate is never blamed") {
  rate_floor floor{1000, 30s};
  for (int second = 0; second < 200; ++second)
    CHECK(floor.account(1s, 1000));
}

TEST_CASE("a good window does not excuse the next one") {
  rate_floor floor{1000, 10s};
  CHECK(floor.account(10s, 1'000'000'000));
  CHECK(floor.account(9s, 1));
  CHECK_FALSE(floor.account(1s, 1));
}

TEST_CASE("time in which nobody waits for the source does not count") {
  rate_floor floor{1'000'000, 30s};
  for (int i = 0; i < 1000; ++i)
    CHECK(floor.account(0s, 1));
}

TEST_CASE("without a minimum no source is too slow") {
  rate_floor floor{0, 1s};
  CHECK(floor.account(1h, 0));
}
