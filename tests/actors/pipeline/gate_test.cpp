// SPDX-License-Identifier: Apache-2.0
#include "actors/bandwidth/gate.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>

#include "actors/bandwidth/isolation.hpp"

using namespace sluice::actors;

TEST_CASE("the gate is closed exactly while an answer is in hand") {
  serving_pressure pressure;
  const gate before{pressure};
  CHECK_FALSE(before.closed());
  {
    in_hand_guard answer{pressure};
    CHECK(before.closed());
    answer.release();
    CHECK_FALSE(before.closed());
    answer.take();
    answer.take();
    CHECK(before.closed());
  }
  CHECK_FALSE(before.closed());
  CHECK_FALSE(before.serving_is_short());
  pressure.starved = 1;
  CHECK_FALSE(before.closed());
  CHECK(before.serving_is_short());
}

TEST_CASE("an open gate is passed without a wait, a closed one in the end as well") {
  serving_pressure pressure;
  const gate before{pressure};
  CHECK_FALSE(before.pass());
  CHECK(before.waits() == 0);
  const in_hand_guard for_ever{pressure};
  CHECK(before.pass());
  CHECK(before.waits() == 1);
}

TEST_CASE("a gate that a profile leaves open, and one that belongs to nobody, never close") {
  serving_pressure pressure;
  gate before{pressure};
  before.enable(false);
  const in_hand_guard answer{pressure};
  CHECK_FALSE(before.closed());
  CHECK_FALSE(before.serving_is_short());
  CHECK_FALSE(gate::always_open().closed());
  CHECK_FALSE(gate::always_open().serving_is_short());
}

TEST_CASE("protections are switched off by name, and by no other") {
  const auto left = isolation_without("gate,small_writes");
  CHECK_FALSE(left.gate);
  CHECK_FALSE(left.small_writes);
  CHECK(left.idle_class);
  CHECK(left.controller);
  CHECK(left.low_threads);
  CHECK(isolation_without("").gate);
  CHECK_THROWS_AS(isolation_without("gates"), std::invalid_argument);
}
