// SPDX-License-Identifier: Apache-2.0
#include "actors/bandwidth/bandwidth_supervisor.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <ctime>
#include <set>

#include "tests/support/deterministic_system.hpp"

using namespace sluice;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t mib = 1 << 20;

class fixed_clock final : public actors::wall_clock {
 public:
  [[nodiscard]] schemas::time_point now() const override {
    std::tm local{};
    local.tm_year = 126;
    local.tm_mday = 1;
    local.tm_hour = static_cast<int>(minute / 60);
    local.tm_min = static_cast<int>(minute % 60);
    local.tm_isdst = -1;
    return schemas::time_point{std::chrono::seconds{::mktime(&local)}};
  }
  std::uint32_t minute = 12 * 60;
};

/// A supervisor over throttles that nobody's pipeline uses, on virtual time.
struct node {
  explicit node(actors::bandwidth_policy chosen = actors::policy_of({})) : policy{std::move(chosen)} {}

  /// A throttle with a reader that always wants more than it gets.
  std::shared_ptr<actors::throttle> add(std::string id, std::string project) {
    auto added = board.add(std::move(id), std::move(project), "host");
    added->set_rate(1);
    boost::asio::co_spawn(readers, take(added), boost::asio::detached);
    readers.poll();
    return added;
  }
  static boost::asio::awaitable<void> take(std::shared_ptr<actors::throttle> from, std::uint64_t bytes = 1 << 30) {
    co_await from->take(bytes);
  }
  /// A reader that takes so much where nothing is limited, and waits from then on where something is.
  void use(const std::shared_ptr<actors::throttle>& from, std::uint64_t bytes) {
    if (from->rate() != actors::throttle::unlimited && !waiting.insert(from).second)
      return;
    boost::asio::co_spawn(readers, take(from, bytes), boost::asio::detached);
    readers.poll();
    readers.restart();
  }

  void start() { supervisor = nodes.spawn(actors::bandwidth_supervisor, &around, policy); }
  void advance(std::chrono::milliseconds time) {
    for (auto passed = 0ms; passed < time; passed += 5ms)
      nodes.advance(5ms);
  }
  actors::bandwidth_report report() {
    return nodes.ask<actors::bandwidth_report>(supervisor, actors::report_atom_v).value();
  }

  std::set<std::shared_ptr<actors::throttle>> waiting;
  boost::asio::io_context readers;  ///< never run: who waits goes on waiting
  tests::deterministic_system nodes;
  actors::serving_signals signals;
  actors::gate gate{signals.pressure};
  actors::throttle_board board{gate};
  fixed_clock clock;
  actors::bandwidth_surroundings around{board, signals, gate, clock, {}};
  actors::bandwidth_policy policy;
  actors::bandwidth_supervisor_actor supervisor;
};

actors::bandwidth_policy capped(std::uint64_t import_max) {
  auto policy = actors::policy_of({});
  policy.limits.import_max = import_max;
  return policy;
}

}  // namespace

TEST_CASE("a project short of the machine holds those with more to its share") {
  node here;
  here.start();
  std::vector<std::shared_ptr<actors::throttle>> many;
  for (const auto* const id : {"1", "2", "3", "4"})
    many.push_back(here.board.add(id, "many", "host"));
  const auto one = here.board.add("5", "one", "host");
  one->set_short_of_machine(true);
  const auto look = [&] {
    for (const auto& each : many)
      here.use(each, 10 * mib);
    here.use(one, 2 * mib);
    here.advance(100ms);
  };
  for (int looks = 0; looks < 20; ++looks)
    look();
  CHECK(one->rate() == actors::throttle::unlimited);
  CHECK(one->reason() == actors::throttle_reason::limit);
  std::uint64_t held = 0;
  for (const auto& each : many) {
    REQUIRE(each->rate() != actors::throttle::unlimited);
    CHECK(each->reason() == actors::throttle_reason::share);
    held += each->rate();
  }
  CHECK(held < 300 * mib);  // of 400
  const auto told = here.report();
  CHECK(told.allowed == actors::unlimited_rate);
  for (const auto& import : told.imports)
    CHECK(import.limited_by == (import.project_id == "many" ? "share" : ""));

  SECTION("a configured cap of the project stays in force") {
    auto policy = actors::policy_of({});
    policy.limits.projects.push_back({"many", 1.0, 40 * mib});
    REQUIRE(here.nodes.ask<actors::done_atom>(here.supervisor, actors::configure_atom_v, policy));
    held = 0;
    for (const auto& each : many)
      held += each->rate();
    CHECK(held <= 40 * mib);
  }
  SECTION("when it is alone again, its share grows") {
    here.board.remove(one);
    const auto before = many.front()->rate();
    here.advance(1s);
    CHECK(many.front()->rate() > 4 * before);
  }
}

TEST_CASE("running imports share the configured bandwidth by the weights of their projects") {
  auto policy = capped(90 * mib);
  policy.limits.projects.push_back({"heavy", 2.0, 0});
  node here{policy};
  here.start();
  const auto one = here.add("1", "heavy"), two = here.add("2", "light");
  here.advance(200ms);
  CHECK(one->rate() == Approx(60 * mib).epsilon(0.02));
  CHECK(two->rate() == Approx(30 * mib).epsilon(0.02));
  const auto told = here.report();
  CHECK(told.allowed == 90 * mib);
  CHECK(told.limited_by == "import_max");
  REQUIRE(told.imports.size() == 2);
  CHECK(told.imports.front().allowed == one->rate());
  REQUIRE(told.projects.size() == 2);
  CHECK(told.projects.front().weight == 2.0);

  SECTION("a new policy is in force when the answer comes") {
    REQUIRE(here.nodes.ask<actors::done_atom>(here.supervisor, actors::configure_atom_v, capped(10 * mib)));
    CHECK(one->rate() + two->rate() <= 10 * mib);
    REQUIRE(here.nodes.ask<actors::done_atom>(here.supervisor, actors::configure_atom_v, actors::policy_of({})));
    CHECK(one->rate() == actors::throttle::unlimited);
  }
  SECTION("after a pause it no longer ticks") {
    CHECK(here.nodes.ask<actors::done_atom>(here.supervisor, actors::pause_atom_v));
    here.board.remove(two);
    const auto before = one->rate();
    here.advance(200ms);
    CHECK(one->rate() == before);
  }
  SECTION("an import that ends leaves its share to the others") {
    here.board.remove(one);
    here.advance(200ms);
    CHECK(two->rate() == Approx(90 * mib).epsilon(0.02));
  }
}

TEST_CASE("imports step aside within 15 ms when serving is starved, and are told why") {
  node here;
  here.start();
  const auto one = here.add("1", "p"), two = here.add("2", "q");
  here.advance(200ms);
  CHECK(one->rate() == actors::throttle::unlimited);
  for (int look = 0; look < 3; ++look) {
    here.signals.requests.fetch_add(1);
    here.signals.starved.add(400'000);  // two fifths of the time
    here.nodes.advance(5ms);
  }
  const auto trickle = here.policy.trickle;
  CHECK(one->rate() == Approx(trickle).epsilon(0.02));
  CHECK(two->rate() == Approx(trickle).epsilon(0.02));
  CHECK(one->reason() == actors::throttle_reason::serving);
  const auto told = here.report();
  CHECK(told.limited_by == "serving");
  CHECK(told.imports.front().limited_by == "serving");
  CHECK(told.holds >= 1);

  here.advance(100ms);  // nothing is served any more
  CHECK(one->rate() == actors::throttle::unlimited);
  CHECK(one->reason() == actors::throttle_reason::limit);
}

TEST_CASE("commits slow imports down when they are slow one after the other, not now and then") {
  node here;
  here.start();
  const auto one = here.add("1", "p");
  here.advance(200ms);
  for (int look = 0; look < 48; ++look) {
    here.signals.requests.fetch_add(1);
    here.signals.commit.add(look % 3 == 0 ? 50'000'000 : 500'000);
    here.nodes.advance(5ms);
  }
  CHECK(one->rate() == actors::throttle::unlimited);
  for (int look = 0; look < 6; ++look) {  // the third and the sixth are looked at
    here.signals.requests.fetch_add(1);
    here.signals.commit.add(50'000'000);
    here.nodes.advance(5ms);
  }
  CHECK(one->rate() != actors::throttle::unlimited);
  CHECK(one->reason() == actors::throttle_reason::serving);
}

TEST_CASE("without the controller serving's signals change nothing") {
  node here;
  here.around.protections.controller = false;
  here.start();
  const auto one = here.add("1", "p");
  for (int look = 0; look < 20; ++look) {
    here.signals.requests.fetch_add(1);
    here.signals.starved.add(900'000);
    here.nodes.advance(5ms);
  }
  CHECK(one->rate() == actors::throttle::unlimited);
}

TEST_CASE("the schedule changes the profile by the clock, also over midnight") {
  auto policy = actors::policy_of({});
  policy.schedule.push_back({23 * 60, 5 * 60, "import-first"});
  node here{policy};
  here.start();
  here.advance(200ms);
  CHECK(here.report().profile == "serve-first");
  here.clock.minute = 2 * 60;
  here.advance(200ms);
  CHECK(here.report().profile == "import-first");
  CHECK(here.report().configured == "serve-first");
  here.signals.pressure.in_hand = 1;
  CHECK_FALSE(here.gate.closed());
  here.clock.minute = 5 * 60;
  here.advance(200ms);
  CHECK(here.report().profile == "serve-first");
  CHECK(here.gate.closed());
  here.signals.pressure.in_hand = 0;
}

TEST_CASE("an unused share is lent, and taken back when it is wanted") {
  node here{capped(100 * mib)};
  here.start();
  const auto idle = here.board.add("1", "a", "h");  // its source is slow: it never waits for tokens
  const auto busy = here.add("2", "b");
  here.advance(300ms);
  CHECK(busy->rate() > 99 * mib);
  CHECK(idle->rate() + busy->rate() <= 100 * mib);
  const auto back = here.add("3", "a");
  here.advance(200ms);
  CHECK(back->rate() == Approx(50 * mib).epsilon(0.02));
}
