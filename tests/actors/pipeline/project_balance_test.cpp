// SPDX-License-Identifier: Apache-2.0
#include "actors/bandwidth/project_balance.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

using namespace sluice;

namespace {

constexpr double mb = 1e6;
constexpr double endless = 1e15;

struct project {
  std::string id;
  std::size_t imports = 1;
  double weight = 1;
  double source = endless;  ///< bytes per second that each import's source gives
  double rate = 0;          ///< smoothed, as the supervisor sees it
  double now = 0;
};

/// A machine that serves import by import: each gets the same of what it can do, and none more than one lane.
struct machine {
  double can = 1000 * mb;
  double lane = 300 * mb;
  std::vector<project> projects;
  actors::project_balance balance;
  std::minstd_rand chance{7};
  double noise = 0;

  [[nodiscard]] double most_of(const project& one) const {
    const auto cap = balance.cap_of(one.id);
    const auto share = cap ? static_cast<double>(*cap) / static_cast<double>(one.imports) : endless;
    return std::min({lane, one.source, share});
  }

  /// Max-min between all imports.
  void serve() {
    double left = can;
    std::size_t hungry = 0;
    std::vector<project*> order;
    for (auto& one : projects) {
      order.push_back(&one);
      hungry += one.imports;
    }
    std::sort(order.begin(), order.end(), [&](auto* a, auto* b) { return most_of(*a) < most_of(*b); });
    for (auto* one : order) {
      const auto each = std::min(most_of(*one), left / static_cast<double>(hungry));
      one->now = each * static_cast<double>(one->imports);
      left -= one->now;
      hungry -= one->imports;
    }
  }

  void run(double seconds) {
    for (int looks = static_cast<int>(std::lround(seconds * 10)); looks > 0; --looks) {
      serve();
      std::vector<actors::project_use> uses;
      for (auto& one : projects) {
        const auto shaken = one.now * (1 + noise * std::uniform_real_distribution{-1.0, 1.0}(chance));
        one.rate = one.rate == 0 ? shaken : one.rate + 0.2 * (shaken - one.rate);
        const auto each = one.now / static_cast<double>(one.imports);
        const auto cap = balance.cap_of(one.id);
        const bool at_cap = cap && one.now >= 0.99 * static_cast<double>(*cap);
        uses.push_back({one.id, one.weight, one.rate, !at_cap && each < 0.99 * one.source, at_cap});
      }
      balance.look(uses);
    }
    serve();
  }

  [[nodiscard]] double total() const {
    double sum = 0;
    for (const auto& one : projects)
      sum += one.now;
    return sum;
  }
  /// Jain's index of what projects get for their weights.
  [[nodiscard]] double evenness() const {
    double sum = 0, squares = 0;
    for (const auto& one : projects) {
      sum += one.now / one.weight;
      squares += one.now / one.weight * (one.now / one.weight);
    }
    return sum * sum / (static_cast<double>(projects.size()) * squares);
  }
};

}  // namespace

TEST_CASE("projects share the machine evenly, however many imports each of them runs") {
  machine here;
  here.projects = {{"a", 1}, {"b", 2}, {"c", 4}, {"d", 9}};
  here.serve();
  CHECK(here.evenness() < 0.7);
  here.run(10);
  CHECK(here.evenness() > 0.98);
  CHECK(here.total() > 0.9 * here.can);
}

TEST_CASE("projects share the machine by their weights") {
  machine here;
  here.projects = {{"a", 2, 1}, {"b", 4, 2}, {"c", 4, 4}};
  here.run(10);
  CHECK(here.evenness() > 0.98);
  CHECK(here.projects[2].now > 3.4 * here.projects[0].now);
}

TEST_CASE("evenness holds between machines, projects and weights of many kinds") {
  std::minstd_rand chance{11};
  for (int round = 0; round < 300; ++round) {
    machine here;
    here.noise = 0.1;
    const auto count = std::uniform_int_distribution{2, 6}(chance);
    for (int number = 0; number < count; ++number)
      here.projects.push_back({std::to_string(number), std::uniform_int_distribution<std::size_t>{1, 12}(chance),
                               static_cast<double>(std::uniform_int_distribution{1, 4}(chance))});
    here.lane = here.can;  // nobody is bounded by anything but the others
    here.serve();
    const auto before = here.total();
    here.run(20);
    INFO("round " << round);
    CHECK(here.evenness() > 0.97);
    CHECK(here.total() > 0.5 * before);
  }
}

TEST_CASE("a project whose source is slow sets no ceiling for the others") {
  machine here;
  here.projects = {{"slow", 1, 1, 20 * mb}, {"many", 8}};
  here.run(5);
  CHECK(here.projects[0].now == Approx(20 * mb));
  CHECK(here.projects[1].now == Approx(980 * mb));
  CHECK_FALSE(here.balance.holds_anybody());
}

TEST_CASE("evenness costs at most half of what the machine does") {
  machine here;
  here.lane = 30 * mb;  // one import can do no more, whatever the others leave
  here.projects = {{"one", 1}, {"many", 30}};
  here.serve();
  const auto before = here.total();
  here.run(30);
  CHECK(here.total() >= 0.49 * before);
  CHECK(here.projects[0].now == Approx(30 * mb).epsilon(0.1));
}

TEST_CASE("who is alone gets everything, and gets it back when the others leave") {
  machine here;
  here.lane = here.can;
  here.projects = {{"many", 8}};
  here.run(5);
  CHECK_FALSE(here.balance.holds_anybody());
  here.projects.push_back({"one", 1});
  here.run(10);
  REQUIRE(here.balance.holds_anybody());
  CHECK(here.evenness() > 0.98);
  SECTION("they are gone") {
    here.projects.pop_back();
    here.run(1);
    CHECK(here.total() == Approx(here.can));
    CHECK_FALSE(here.balance.holds_anybody());
  }
  SECTION("their sources have become slow") {
    here.projects.back().source = 1 * mb;
    here.run(6);
    CHECK(here.total() == Approx(here.can));
    CHECK_FALSE(here.balance.holds_anybody());
  }
}

TEST_CASE("projects alike are left alone, though their rates vary") {
  machine here;
  here.noise = 0.25;
  for (int number = 0; number < 16; ++number)
    here.projects.push_back({std::to_string(number), 1});
  here.run(20);
  CHECK(here.total() > 0.95 * here.can);
}

TEST_CASE("whoever something else holds is let go") {
  actors::project_balance balance;
  balance.look({{"a", 1, 10 * mb, true, false}, {"b", 1, 100 * mb, true, false}});
  REQUIRE(balance.cap_of("b"));
  for (int looks = 0; looks < 100; ++looks)  // serving, say: both wait, and move nothing
    balance.look({{"a", 1, 0, false, true}, {"b", 1, 0, false, true}});
  CHECK_FALSE(balance.holds_anybody());
}

TEST_CASE("a share is at least one byte a second, and nobody's when there is nobody") {
  actors::project_balance balance;
  balance.look({});
  CHECK_FALSE(balance.cap_of("a"));
  balance.look({{"a", 1, 0, true, false}, {"b", 1, 10, true, false}});
  REQUIRE(balance.cap_of("b"));
  CHECK(*balance.cap_of("b") >= 1);
  balance.look({});
  CHECK_FALSE(balance.cap_of("b"));
}
