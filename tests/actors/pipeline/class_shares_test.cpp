// SPDX-License-Identifier: Apache-2.0
#include "actors/bandwidth/class_shares.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <random>

using namespace sluice::actors;

namespace {

traffic_class class_of(std::string name, std::uint64_t reservation, double weight, std::uint64_t limit,
                       std::uint64_t demand) {
  traffic_class made;
  made.name = std::move(name);
  made.reservation = reservation;
  made.weight = weight;
  made.limit = limit;
  made.demand = demand;
  return made;
}

std::uint64_t most(const traffic_class& one) {
  return one.limit == 0 ? one.demand : std::min(one.demand, one.limit);
}

std::uint64_t total(const std::vector<std::uint64_t>& rates) {
  return std::accumulate(rates.begin(), rates.end(), std::uint64_t{0});
}

}  // namespace

TEST_CASE("serving gets what it wants of a link, imports the rest") {
  const auto rates =
      share_between_classes(1000, {class_of("import", 10, 4, 0, unlimited_rate), class_of("serve", 700, 16, 0, 700)});
  CHECK(rates == std::vector<std::uint64_t>{300, 700});
}

TEST_CASE("reservations are kept in order when they exceed the link together") {
  const auto rates =
      share_between_classes(1000, {class_of("import", 500, 4, 0, unlimited_rate), class_of("serve", 900, 16, 0, 900)});
  CHECK(rates == std::vector<std::uint64_t>{500, 500});
}

TEST_CASE("what a class does not use, others get") {
  const auto rates = share_between_classes(
      1000, {class_of("a", 400, 1, 0, 50), class_of("b", 0, 1, 0, unlimited_rate), class_of("c", 0, 1, 100, 500)});
  CHECK(rates == std::vector<std::uint64_t>{50, 850, 100});
}

TEST_CASE("without a capacity everybody gets the smaller of demand and limit") {
  const auto rates = share_between_classes(
      unlimited_rate, {class_of("a", 7, 1, 0, 50), class_of("b", 0, 1, 30, unlimited_rate), class_of("c", 0, 1, 0, 0)});
  CHECK(rates == std::vector<std::uint64_t>{50, 30, 0});
  CHECK(share_between_classes(5, {}).empty());
}

TEST_CASE("no random set of classes breaks a rule of sharing") {
  std::mt19937_64 random{20'251'122};
  const auto any = [&](std::uint64_t top) { return random() % (top + 1); };
  for (int round = 0; round < 20'000; ++round) {
    std::vector<traffic_class> classes;
    for (auto count = 1 + any(6); count > 0; --count)
      classes.push_back(class_of("c", any(3) == 0 ? 0 : any(1 << 20), 0.5 + static_cast<double>(any(160)) / 10,
                                 any(2) == 0 ? 0 : 1 + any(1 << 20), any(2) == 0 ? unlimited_rate : any(1 << 21)));
    const auto capacity = 1 + any(1 << 22);
    const auto rates = share_between_classes(capacity, classes);
    REQUIRE(rates.size() == classes.size());
    INFO("round " << round);
    REQUIRE(total(rates) <= capacity);
    std::uint64_t reserved = 0;
    for (std::size_t i = 0; i < classes.size(); ++i) {
      REQUIRE(rates[i] <= most(classes[i]));
      reserved += std::min(classes[i].reservation, most(classes[i]));
    }
    if (reserved <= capacity)
      for (std::size_t i = 0; i < classes.size(); ++i)
        REQUIRE(rates[i] >= std::min(classes[i].reservation, most(classes[i])));
    // Work-conserving but for whole bytes.
    const auto wants_more = [&](std::size_t i) { return rates[i] < most(classes[i]); };
    for (std::size_t i = 0; i < classes.size(); ++i)
      if (wants_more(i))
        REQUIRE(total(rates) + classes.size() >= capacity);
    // What lies above the reservations is shared by weight between those that still want more, within 2 %.
    const auto above = [&](std::size_t i) {
      return static_cast<double>(rates[i] - std::min(classes[i].reservation, rates[i])) / classes[i].weight;
    };
    if (reserved > capacity)
      continue;
    for (std::size_t i = 0; i < classes.size(); ++i)
      for (std::size_t j = 0; j < classes.size(); ++j)
        if (wants_more(i) && wants_more(j))
          REQUIRE(above(i) == Approx(above(j)).epsilon(0.02).margin(3));
  }
}
