// SPDX-License-Identifier: Apache-2.0
#include "actors/bandwidth/allocation.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <random>

using namespace sluice::actors;

namespace {

bandwidth_claim claim(std::string project, std::string host = "host", std::uint64_t demand = unlimited_rate) {
  bandwidth_claim made;
  made.project_id = std::move(project);
  made.source_host = std::move(host);
  made.demand = demand;
  return made;
}

std::uint64_t cap_of_project(const bandwidth_limits& limits, const std::string& id) {
  for (const auto& share : limits.projects)
    if (share.project_id == id && share.max != 0)
      return share.max;
  return limits.per_project_max;
}

double weight_of(const bandwidth_limits& limits, const std::string& id) {
  for (const auto& share : limits.projects)
    if (share.project_id == id)
      return share.weight;
  return 1.0;
}

struct outcome {
  std::map<std::string, std::uint64_t> by_project;
  std::map<std::string, std::uint64_t> by_host;
  std::uint64_t sum = 0;
};

outcome sums(const std::vector<bandwidth_claim>& claims, const std::vector<std::uint64_t>& rates) {
  outcome made;
  for (std::size_t index = 0; index < claims.size(); ++index) {
    if (rates[index] == unlimited_rate)
      continue;
    made.by_project[claims[index].project_id] += rates[index];
    made.by_host[claims[index].source_host] += rates[index];
    made.sum += rates[index];
  }
  return made;
}

}  // namespace

TEST_CASE("without a cap every claim is free, and demand is a cap") {
  const auto rates = allocate({}, {claim("a"), claim("b", "host", 77), claim("c", "host", 0)});
  CHECK(rates == std::vector<std::uint64_t>{unlimited_rate, 77, 0});
  CHECK(allocate({}, {}).empty());
}

TEST_CASE("projects share by weight, their imports equally") {
  bandwidth_limits limits;
  limits.import_max = 900;
  project_share heavy;
  heavy.project_id = "heavy";
  heavy.weight = 2.0;
  limits.projects.push_back(heavy);
  CHECK(allocate(limits, {claim("heavy"), claim("light"), claim("light"), claim("light")}) ==
        std::vector<std::uint64_t>{600, 100, 100, 100});
}

TEST_CASE("what one cannot use goes to the others") {
  bandwidth_limits limits;
  limits.import_max = 1000;
  CHECK(allocate(limits, {claim("a", "h", 100), claim("a"), claim("b")}) == std::vector<std::uint64_t>{100, 400, 500});
  limits.per_project_max = 300;
  CHECK(allocate(limits, {claim("a"), claim("b")}) == std::vector<std::uint64_t>{300, 300});
  limits.per_import_max = 120;
  CHECK(allocate(limits, {claim("a"), claim("b"), claim("b"), claim("b")}) ==
        std::vector<std::uint64_t>{120, 100, 100, 100});
}

TEST_CASE("a source host's cap holds over all its imports, of whatever project") {
  bandwidth_limits limits;
  limits.import_max = 1000;
  limits.per_source_host_max = 200;
  const auto rates = allocate(limits, {claim("a", "slow"), claim("b", "slow"), claim("b", "fast")});
  CHECK(rates[0] + rates[1] <= 200);
  CHECK(rates[0] + rates[1] >= 199);
  CHECK(rates[1] * 2 <= rates[0] + 1);  // the second project divides its share between two hosts
  CHECK(rates[2] == 200);
  limits.per_source_host_max = 0;
  CHECK(allocate(limits, {claim("a", "slow"), claim("b", "slow"), claim("b", "fast")}) ==
        std::vector<std::uint64_t>{500, 250, 250});
}

TEST_CASE("a project's own maximum replaces the common one, and weights out of range are brought within") {
  bandwidth_limits limits;
  limits.per_project_max = 100;
  project_share special;
  special.project_id = "special";
  special.max = 700;
  special.weight = -5;
  project_share odd;
  odd.project_id = "odd";
  odd.weight = std::nan("");
  limits.projects = {special, odd};
  CHECK(allocate(limits, {claim("special"), claim("odd"), claim("other")}) ==
        std::vector<std::uint64_t>{700, 100, 100});
}

TEST_CASE("the largest numbers do not overflow") {
  bandwidth_limits limits;
  limits.import_max = ~std::uint64_t{0} - 1;
  limits.per_project_max = ~std::uint64_t{0};
  const std::vector<bandwidth_claim> claims(7, claim("a", "h", ~std::uint64_t{0} - 1));
  std::uint64_t left = limits.import_max;
  for (const auto rate : allocate(limits, claims)) {
    REQUIRE(rate <= left);
    left -= rate;
  }
  CHECK(left < 1000);
}

TEST_CASE("random claims: no cap exceeded, nothing wasted, weights kept, always the same") {
  std::mt19937_64 random{20'260'101};
  const auto below = [&](std::uint64_t most) { return std::uniform_int_distribution<std::uint64_t>{0, most}(random); };
  const auto maybe_cap = [&](std::uint64_t most) { return below(2) == 0 ? 0 : 1 + below(most); };
  for (int round = 0; round < 3000; ++round) {
    bandwidth_limits limits;
    const auto scale = std::uint64_t{1} << (10 + below(34));
    limits.import_max = maybe_cap(scale * 8);
    limits.per_project_max = maybe_cap(scale * 4);
    limits.per_import_max = maybe_cap(scale * 2);
    limits.per_source_host_max = maybe_cap(scale * 4);
    for (std::uint64_t index = 0, count = below(3); index < count; ++index) {
      project_share share;
      share.project_id = "p" + std::to_string(index);
      share.weight = 0.5 + static_cast<double>(below(8)) / 2;
      share.max = maybe_cap(scale * 4);
      limits.projects.push_back(share);
    }
    std::vector<bandwidth_claim> claims;
    for (std::uint64_t index = 0, count = 1 + below(20); index < count; ++index)
      claims.push_back(claim("p" + std::to_string(below(4)), "h" + std::to_string(below(4)),
                             below(1) == 0 ? unlimited_rate : below(scale)));

    const auto rates = allocate(limits, claims);
    INFO("round " << round);
    REQUIRE(rates.size() == claims.size());
    REQUIRE(rates == allocate(limits, claims));
    const auto used = sums(claims, rates);
    const auto slack = static_cast<std::uint64_t>(claims.size()) + 1;
    const auto tight = [&](std::uint64_t cap, std::uint64_t use) { return cap != 0 && use + slack >= cap; };
    const auto holds = [](std::uint64_t cap, std::uint64_t use) { return cap == 0 || use <= cap; };

    REQUIRE(holds(limits.import_max, used.sum));
    for (const auto& [id, use] : used.by_project)
      REQUIRE(holds(cap_of_project(limits, id), use));
    for (const auto& [host, use] : used.by_host)
      REQUIRE(holds(limits.per_source_host_max, use));

    std::map<std::string, double> levels;  // of projects held back by nothing but the node
    for (std::size_t index = 0; index < claims.size(); ++index) {
      const auto& each = claims[index];
      const auto project_cap = cap_of_project(limits, each.project_id);
      if (rates[index] == unlimited_rate) {
        REQUIRE(each.demand == unlimited_rate);
        REQUIRE((limits.import_max | project_cap | limits.per_import_max | limits.per_source_host_max) == 0);
        continue;
      }
      REQUIRE(rates[index] <= each.demand);
      REQUIRE(holds(limits.per_import_max, rates[index]));
      const auto own = rates[index] + slack >= each.demand || tight(limits.per_import_max, rates[index]);
      const auto under_project = tight(project_cap, used.by_project.at(each.project_id));
      const auto under_host = tight(limits.per_source_host_max, used.by_host.at(each.source_host));
      const auto under_node = tight(limits.import_max, used.sum);
      REQUIRE((own || under_project || under_host || under_node));
      if (!own && !under_project && !under_host)
        levels[each.project_id] =
            static_cast<double>(used.by_project.at(each.project_id)) / weight_of(limits, each.project_id);
    }
    for (const auto& [first, first_level] : levels)
      for (const auto& [second, second_level] : levels)
        REQUIRE(std::abs(first_level - second_level) <=
                0.02 * std::max(first_level, second_level) + 2 * static_cast<double>(slack));
  }
}
