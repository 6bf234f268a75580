// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "actors/pipeline/ready_lanes.hpp"
#include "actors/pipeline/starvation_watch.hpp"

using namespace sluice::actors;
using namespace std::chrono_literals;

namespace {

void push(ready_lanes& into, std::size_t index, bool groupable) {
  ready_lane lane;
  lane.index = index;
  lane.groupable = groupable;
  into.push(std::move(lane));
}

std::vector<std::size_t> turn(ready_lanes& from, bool others_wait = false) {
  std::vector<ready_lane> lanes;
  from.take_turn(lanes, others_wait);
  std::vector<std::size_t> indices;
  for (const auto& lane : lanes)
    indices.push_back(lane.index);
  return indices;
}

/// Observations every 250 ms.
struct observed {
  starvation_watch watch;
  starvation_watch::time_point now{1000s};
  starvation_watch::observation seen{true, false, 0ns};

  bool after(std::chrono::nanoseconds time, std::chrono::nanoseconds processor_time = 0ns) {
    bool starved = false;
    const auto looks = time / 250ms;
    for (auto look = looks; look > 0; --look) {
      now += 250ms;
      seen.processor_time += processor_time / looks;
      starved = watch.observe(now, seen);
    }
    return starved;
  }
};

}  // namespace

TEST_CASE("a turn groups as many lanes as pay, and shares them with a thread that has none") {
  for (const bool others_wait : {false, true}) {
    CHECK(lanes_for_a_turn(1, others_wait) == 1);
    CHECK(lanes_for_a_turn(3, others_wait) == 1);
    CHECK(lanes_for_a_turn(4, others_wait) == 4);
    CHECK(lanes_for_a_turn(7, others_wait) == 7);
    CHECK(lanes_for_a_turn(8, others_wait) == 8);
    CHECK(lanes_for_a_turn(15, others_wait) == 8);
  }
  CHECK(lanes_for_a_turn(16, true) == 8);
  CHECK(lanes_for_a_turn(16, false) == 16);
  CHECK(lanes_for_a_turn(1000, false) == 16);
}

TEST_CASE("lanes have their turns in the order in which they became ready, those of a group together") {
  ready_lanes ready;
  push(ready, 0, false);
  for (std::size_t index = 1; index <= 5; ++index)
    push(ready, index, true);
  push(ready, 6, false);
  push(ready, 7, true);
  CHECK(turn(ready) == std::vector<std::size_t>{0});
  CHECK(turn(ready) == std::vector<std::size_t>{1, 2, 3, 4, 5, 7});
  CHECK(turn(ready) == std::vector<std::size_t>{6});
  CHECK(ready.empty());
}

TEST_CASE("lanes whose turn was cut short keep their places") {
  ready_lanes ready;
  for (std::size_t index = 0; index < 20; ++index)
    push(ready, index, true);
  std::vector<ready_lane> cut;
  ready.take_turn(cut, true);
  REQUIRE(cut.size() == 8);
  push(ready, 20, true);
  for (auto& lane : cut)
    if (lane.index % 2 == 1)
      ready.push_again(std::move(lane));
  CHECK(turn(ready, true) == std::vector<std::size_t>{1, 3, 5, 7, 8, 9, 10, 11});
}

TEST_CASE("threads starve when they have work and no processor for two seconds, until they get it again") {
  observed run;
  CHECK_FALSE(run.after(1750ms));
  CHECK_FALSE(run.after(250ms));  // the first look only begins
  CHECK(run.after(250ms));
  CHECK(run.after(10s));
  CHECK(run.after(10s, 90ms));        // 0.9 %
  CHECK_FALSE(run.after(2s, 100ms));  // 5 %
  CHECK_FALSE(run.after(1750ms));
  CHECK(run.after(500ms));
}

TEST_CASE("threads do not starve while they get a hundredth of a core, have nothing to do, or serving is short") {
  observed run;
  CHECK_FALSE(run.after(60s, 800ms));
  run.seen.has_work = false;
  CHECK_FALSE(run.after(60s));
  run.seen.has_work = true;
  CHECK_FALSE(run.after(1750ms));
  run.seen.serving_is_short = true;
  CHECK_FALSE(run.after(60s));
  run.seen.serving_is_short = false;
  CHECK(run.after(500ms));
  run.seen.has_work = false;
  CHECK_FALSE(run.after(250ms));
}
