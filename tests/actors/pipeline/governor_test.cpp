// SPDX-License-Identifier: Apache-2.0
#include "actors/bandwidth/governor.hpp"

#include <catch2/catch.hpp>
#include <functional>

using namespace sluice::actors;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t mib = 1 << 20;

/// A script of ticks, each 5 ms after the other, with a machine that does what it is allowed.
class scene {
 public:
  explicit scene(governor_settings settings = {}) : subject{settings} {}

  /// Imports that can move `most` bytes a second when nothing holds them; `felt` says what serving feels of their rate:
  /// percent that it starves, or nanoseconds of another signal.
  std::uint64_t run(std::chrono::milliseconds time, bool serving, const std::function<double(std::uint64_t)>& felt = {},
                    serving_signal by = serving_signal::starved) {
    for (auto end = now + time; now < end; now += governor::tick) {
      governor_input seen;
      seen.serving = serving;
      seen.serve_rate = serve_rate;
      seen.running = running;
      seen.import_rate = running == 0 ? 0 : std::min(most, allowed);
      if (felt)
        seen.signals[static_cast<std::size_t>(by)] = felt(seen.import_rate);
      allowed = subject.decide(now, seen);
      largest = std::max(largest, allowed);
      moved += static_cast<double>(std::min(most, allowed)) * 0.005;
    }
    return allowed;
  }

  governor subject;
  governor::clock::time_point now{1h};
  std::uint64_t allowed = unlimited_rate, most = 400 * mib, serve_rate = 0, largest = 0;
  std::uint32_t running = 4;
  double moved = 0;
};

double never(std::uint64_t) {
  return 0;
}
/// Hurt whenever imports take more than 100 MiB/s.
double above_a_hundred(std::uint64_t rate) {
  return rate > 100 * mib ? 20 : 0;
}

}  // namespace

TEST_CASE("while nothing hurts, nothing is limited") {
  scene play;
  CHECK(play.run(1s, false) == unlimited_rate);
  CHECK(play.run(1s, true, never) == unlimited_rate);
  CHECK(play.subject.cuts() == 0);
  CHECK(play.subject.capacity() == Approx(400 * mib).epsilon(0.05));
}

TEST_CASE("imports are at their trickle within 15 ms of the hurt") {
  scene play;
  play.run(1s, true, never);
  play.run(15ms, true, [](std::uint64_t) { return 50.0; });
  CHECK(play.allowed == 4 * (64 << 10));
  CHECK(play.subject.reason() == governor_reason::serving);
  CHECK(play.subject.holds() >= 1);
  CHECK(play.subject.cuts(serving_signal::starved) == play.subject.cuts());
  CHECK(play.subject.cuts(serving_signal::disk) == 0);
}

TEST_CASE("one bad look is noise, and cuts nothing that two would") {
  scene play;
  play.run(1s, true, never);
  play.run(5ms, true, [](std::uint64_t) { return 1.5; });
  play.run(100ms, true, never);
  CHECK(play.allowed == unlimited_rate);
}

TEST_CASE("the cuts of one hurt do not lower the rate that was borne before it") {
  scene play;
  play.run(1s, true, never);
  play.run(50ms, true, [](std::uint64_t rate) { return rate > 10 * mib ? 50.0 : 0.0; });
  CHECK(play.subject.cuts() > 1);
  CHECK(play.allowed < 150 * mib);
  play.run(250ms, true, never);
  CHECK(static_cast<double>(play.allowed) > 0.65 * 400 * mib);
}

TEST_CASE("imports ask a network that hurt for more with patience, the machine itself soon") {
  const auto back_after = [](serving_signal by, bool full_link = false) {
    scene play;
    play.run(1s, true, never, by);
    if (full_link)
      play.run(
          10ms, true, [](std::uint64_t) { return 1e8; }, serving_signal::round_trip);
    play.run(100ms, true, never, by);
    play.run(
        10ms, true, [&](std::uint64_t) { return 2 * play.subject.target(by); }, by);
    CHECK(play.subject.cuts(by) == 1);
    const auto begin = play.now;
    while (static_cast<double>(play.allowed) < 0.95 * 400 * mib && play.now < begin + 10s)
      play.run(governor::tick, true, never, by);
    return play.now - begin;
  };
  for (const auto by :
       {serving_signal::run_queue, serving_signal::loop_lag, serving_signal::disk, serving_signal::commit})
    CHECK(back_after(by) < 600ms);
  CHECK(back_after(serving_signal::run_queue, true) > 1s);
  CHECK(back_after(serving_signal::round_trip) > 1s);
  CHECK(back_after(serving_signal::round_trip) < 4s);
}

TEST_CASE("while a link drains, its queue is one hurt, and a short pause of serving does not fill it again") {
  scene play;
  play.run(1s, true, never, serving_signal::round_trip);
  play.run(
      150ms, true, [](std::uint64_t) { return 2e7; }, serving_signal::round_trip);
  CHECK(play.subject.cuts() == 1);
  CHECK(play.allowed == 4 * (64 << 10));  // stands still as long as the queue is long
  play.run(100ms, true, never, serving_signal::round_trip);
  CHECK(static_cast<double>(play.allowed) > 0.6 * 400 * mib);

  play.run(40ms, false);
  CHECK(play.allowed != unlimited_rate);
  play.run(100ms, false);
  CHECK(play.allowed == unlimited_rate);
  play.run(10ms, true, never, serving_signal::round_trip);
  CHECK(play.allowed < 300 * mib);
}

TEST_CASE("a link that was full at the same rate again and again is not filled while nobody is served") {
  scene play;
  play.most = 110 * mib;
  const auto full = [&](std::uint64_t rate) {
    return rate > 100 * mib ? 2 * play.subject.target(serving_signal::round_trip) : 0;
  };
  play.run(30s, true, full, serving_signal::round_trip);
  CHECK(play.subject.cuts() > 1);
  const auto cuts = play.subject.cuts();
  play.largest = 0;
  play.moved = 0;
  play.run(5s, false);
  CHECK(play.largest < 105 * mib);
  CHECK(play.moved / 5 > 0.85 * 100 * mib);
  CHECK(play.subject.reason() == governor_reason::serving);
  play.run(1s, true, full, serving_signal::round_trip);
  CHECK(play.subject.cuts() == cuts);

  play.run(3min, false);
  CHECK(play.allowed == unlimited_rate);
}

TEST_CASE("a queue that only begins slows imports down, and does not stop them") {
  scene play;
  play.run(1s, true, never, serving_signal::round_trip);
  play.moved = 0;
  play.run(
      100ms, true, [&](std::uint64_t) { return 1.5 * play.subject.target(serving_signal::round_trip); },
      serving_signal::round_trip);
  CHECK(play.subject.cuts() == 1);
  CHECK(play.subject.holds() == 0);
  CHECK(play.moved / 0.1 > 0.5 * 400 * mib);
}

TEST_CASE("a load that starves its own clients in bursts is left to do so, and more than that is felt") {
  scene play;
  unsigned look = 0;
  const auto bursts = [&](std::uint64_t) { return static_cast<double>((++look * 2'654'435'761U >> 16) % 41); };
  play.running = 0;
  play.run(2s, true, bursts);
  CHECK(play.subject.starves_usually() > 20);
  play.running = 4;
  play.allowed = unlimited_rate;
  play.moved = 0;
  play.run(10s, true, bursts);
  CHECK(play.moved / 10 > 0.9 * 400 * mib);

  const auto more = [&](std::uint64_t rate) { return bursts(rate) + (rate > 100 * mib ? 50 : 0); };
  play.run(5s, true, more);
  play.moved = 0;
  play.run(10s, true, more);
  CHECK(play.moved / 10 > 0.5 * 100 * mib);
  CHECK(play.moved / 10 < 1.3 * 100 * mib);
}

TEST_CASE("imports are back within 100 ms of the end of serving") {
  scene play;
  play.run(1s, true, never);
  play.run(500ms, true, above_a_hundred);
  CHECK(play.allowed < 200 * mib);
  play.run(100ms, false);
  CHECK(play.allowed == unlimited_rate);
}

TEST_CASE("where serving is hurt above a rate, imports find the rate and use most of it") {
  scene play;
  play.run(1s, true, never);
  play.run(2s, true, above_a_hundred);
  play.moved = 0;
  play.run(10s, true, above_a_hundred);
  CHECK(play.moved / 10 > 0.5 * 100 * mib);
  CHECK(play.moved / 10 < 1.1 * 100 * mib);
}

TEST_CASE("a signal that is as bad without imports does not stop them") {
  scene play;
  play.running = 0;
  play.run(1s, true, [](std::uint64_t) { return 30.0; });
  play.running = 4;
  play.allowed = unlimited_rate;
  play.moved = 0;
  play.run(2s, true, [](std::uint64_t) { return 30.0; });
  CHECK(play.moved / 2 > 0.9 * 400 * mib);
}

TEST_CASE("a foreign hurt that begins while imports run is learnt to be foreign") {
  scene play;
  play.run(1s, true, never);
  play.run(10s, true, [](std::uint64_t) { return 30.0; });
  play.moved = 0;
  play.run(5s, true, [](std::uint64_t) { return 30.0; });
  CHECK(play.moved / 5 > 0.5 * 400 * mib);
}

TEST_CASE("a configured link is never exceeded together with serving, once serving has been seen to want it") {
  governor_settings settings;
  settings.link = 100 * mib;
  scene play{settings};
  CHECK(static_cast<double>(play.run(1s, false)) == Approx(0.98 * 100 * mib).epsilon(0.001));
  play.serve_rate = 60 * mib;
  play.run(50ms, true, never);
  CHECK(play.allowed + play.serve_rate <= 100 * mib);
  CHECK(play.allowed > 30 * mib);
  CHECK(play.subject.reason() == governor_reason::link);
  play.serve_rate = 200 * mib;
  play.run(50ms, true, never);
  CHECK(play.allowed == 4 * (64 << 10));
  play.serve_rate = 0;
  play.run(100ms, false);
  CHECK(static_cast<double>(play.allowed) > 0.9 * 0.98 * 100 * mib);
}

TEST_CASE("a profile's reservation is kept whatever serving feels") {
  governor_settings settings;
  settings.reservation = 0.1;
  scene play{settings};
  play.run(1s, true, never);
  play.run(200ms, true, [](std::uint64_t) { return 90.0; });
  CHECK(static_cast<double>(play.allowed) >= 0.099 * 400 * mib);
}

TEST_CASE("switched off, only the link holds") {
  governor_settings settings;
  settings.enabled = false;
  scene play{settings};
  CHECK(play.run(1s, true, [](std::uint64_t) { return 90.0; }) == unlimited_rate);
  CHECK(play.subject.cuts() == 0);
}
