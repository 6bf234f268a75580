// SPDX-License-Identifier: Apache-2.0
#include "actors/bandwidth/full_link.hpp"

#include <catch2/catch.hpp>

using namespace sluice::actors;
using namespace std::chrono_literals;

namespace {

constexpr double full = 48e6;  ///< bytes per second
const full_link::clock::time_point start{1h};

/// Full at the same rate so many times, as soon as it was asked for more than that again.
full_link full_times(int times, full_link::clock::time_point& now) {
  full_link link;
  now = start;
  for (int i = 0; i < times; ++i) {
    link.was_full_at(now, full, full);
    auto since = 0ms;
    while (link.ask(since) <= 1.01 * full)
      since += 5ms;
    now += since;
  }
  return link;
}

}  // namespace

TEST_CASE("a link is asked for more slowly near where it was full, and never for less than before") {
  full_link link;
  link.was_full_at(start, full, full);
  CHECK(link.ask(0s) == Approx(full_link::safe * full));
  CHECK(link.ask(link.way_back()) == Approx(link.level()));
  CHECK(link.level() < full);
  for (auto since = 0ms; since < 20s; since += 5ms)
    REQUIRE(link.ask(since) <= link.ask(since + 5ms));
  CHECK(link.ask(10s) > 1.25 * full);
}

TEST_CASE("the way back takes as long for a narrow link as for a wide one, and less from less of what there is") {
  full_link narrow, wide, other;
  narrow.was_full_at(start, 1e6, 1e6);
  wide.was_full_at(start, 1e10, 1e10);
  other.was_full_at(start, 1e6, 1e8);
  CHECK(narrow.way_back() == wide.way_back());
  CHECK(other.way_back() < narrow.way_back());
}

TEST_CASE("a link that is full at the same rate again is asked more rarely, up to once in about a minute") {
  full_link::clock::time_point now;
  full_times(1, now);
  auto before = now - start;
  CHECK(before > 3s);
  CHECK(before < 6s);
  for (int times = 2; times <= 10; ++times) {
    full_times(times, now);
    const auto all = now - start;
    full_times(times - 1, now);
    const auto last = all - (now - start);
    CHECK(last >= before);
    CHECK(last < 60s);
    before = last;
  }
  CHECK(before > 48s);
}

TEST_CASE("imports move nine tenths of what a link has while they rest") {
  full_link::clock::time_point now;
  const auto link = full_times(4, now);
  double moved = 0;
  auto since = 0ms;
  for (; link.ask(since) <= full; since += 5ms)
    moved += link.ask(since) * 0.005;
  CHECK(moved / std::chrono::duration<double>{since}.count() > 0.9 * full);
}

TEST_CASE("a link that is full at another rate is not what it was") {
  full_link::clock::time_point now;
  auto link = full_times(4, now);
  CHECK(link.confirmed(now));
  link.was_full_at(now, full / 2, full);
  CHECK_FALSE(link.confirmed(now));
  CHECK(link.known(now));
  CHECK(link.level() < full / 2);
}

TEST_CASE("what is known of a link lasts beyond the next time that it is asked for more, and not for ever") {
  for (const int times : {1, 2, 3, 8}) {
    full_link::clock::time_point now;
    const auto link = full_times(times, now);
    CHECK(link.known(now));
    CHECK(link.confirmed(now) == (times > 1));
    CHECK_FALSE(link.known(now + 2min));
  }
  full_link link;
  CHECK_FALSE(link.known(start));
  link.was_full_at(start, full, full);
  CHECK(link.known(start + 9s));
  CHECK_FALSE(link.known(start + 11s));
  link.is_full(start + 9s);
  CHECK(link.known(start + 11s));
  CHECK(link.learnt_at() == start);
  link.forget();
  CHECK_FALSE(link.known(start + 11s));
}
