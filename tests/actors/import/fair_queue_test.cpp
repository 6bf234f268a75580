// SPDX-License-Identifier: Apache-2.0
#include "actors/admission/fair_queue.hpp"

#include <map>
#include <random>
#include <set>

#include <catch2/catch.hpp>

using sluice::actors::admission_limits;
using sluice::actors::fair_queue;

namespace {

admission_limits limits(std::uint32_t running, std::uint32_t per_project, std::uint32_t waiting) {
  admission_limits some;
  some.max_running = running;
  some.max_running_per_project = per_project;
  some.max_waiting_per_project = waiting;
  return some;
}

std::string numbered(const char* prefix, int number) {
  return std::string{prefix}.append(std::to_string(number));
}

/// One of four projects, the same for the same id.
std::string project_for(const std::string& id) {
  return {static_cast<char>('a' + std::stoi(id) % 4)};
}

}  // namespace

TEST_CASE("a single import of one project gets the next free slot before a thousand of another") {
  fair_queue queue{limits(2, 2, 10'000)};
  for (int i = 0; i < 1000; ++i)
    queue.enter(numbered("many-", i), "many");
  REQUIRE(queue.grant() == "many-0");
  REQUIRE(queue.grant() == "many-1");
  queue.enter("single", "one");
  CHECK(queue.position("single") == 1);
  CHECK_FALSE(queue.grant());
  queue.leave("many-1");
  CHECK(queue.grant() == "single");
}

TEST_CASE("the project's places are bounded, and a freed place can be taken again") {
  fair_queue queue{limits(1, 1, 2)};
  CHECK(queue.reserve("1", "a") == fair_queue::reservation::taken);
  CHECK(queue.reserve("2", "a") == fair_queue::reservation::taken);
  CHECK(queue.reserve("3", "a") == fair_queue::reservation::project_full);
  CHECK(queue.reserve("3", "b") == fair_queue::reservation::taken);
  queue.leave("1");
  CHECK(queue.reserve("4", "a") == fair_queue::reservation::taken);
}

TEST_CASE("all places together are bounded") {
  auto few = limits(1, 1, 2);
  few.max_waiting = 3;
  fair_queue queue{few};
  CHECK(queue.reserve("1", "a") == fair_queue::reservation::taken);
  CHECK(queue.reserve("2", "b") == fair_queue::reservation::taken);
  CHECK(queue.reserve("3", "c") == fair_queue::reservation::taken);
  CHECK(queue.reserve("4", "d") == fair_queue::reservation::all_full);
}

TEST_CASE("what has only reserved a place is not granted, and does not hold up who has entered") {
  fair_queue queue{limits(2, 2, 10)};
  REQUIRE(queue.reserve("1", "a") == fair_queue::reservation::taken);
  CHECK_FALSE(queue.grant());
  queue.enter("2", "a");
  CHECK(queue.grant() == "2");
  queue.enter("1", "a");
  CHECK(queue.grant() == "1");
}

TEST_CASE("one project never runs more than its share while slots stay free for others") {
  fair_queue queue{limits(4, 2, 10)};
  for (const auto* id : {"1", "2", "3"})
    queue.enter(id, "a");
  CHECK(queue.grant());
  CHECK(queue.grant());
  CHECK_FALSE(queue.grant());
  queue.enter("4", "b");
  CHECK(queue.grant() == "4");
}

TEST_CASE("positions count down in the order in which imports are granted") {
  fair_queue queue{limits(1, 1, 100)};
  for (int i = 0; i < 5; ++i)
    queue.enter(numbered("a", i), "a");
  for (int i = 0; i < 2; ++i)
    queue.enter(numbered("b", i), "b");
  std::vector<std::string> order;
  std::map<std::string, std::uint64_t> promised;
  for (const auto* id : {"a0", "a1", "a2", "a3", "a4", "b0", "b1"})
    promised[id] = queue.position(id);
  while (const auto next = queue.grant()) {
    order.push_back(*next);
    CHECK(queue.position(*next) == 0);
    queue.leave(*next);
  }
  REQUIRE(order.size() == 7);
  for (std::size_t i = 0; i < order.size(); ++i)
    CHECK(promised[order[i]] == i + 1);
}

TEST_CASE("no sequence of events runs too many, forgets one or leaves anything behind") {
  std::mt19937 engine{Catch::rngSeed()};
  const auto random = [&] { return static_cast<std::uint32_t>(engine()); };
  for (int round = 0; round < 200; ++round) {
    const auto bound = limits(1 + random() % 5, 1 + random() % 3, 1 + random() % 10);
    fair_queue queue{bound};
    std::map<std::string, std::string> project_of;
    std::set<std::string> running, known;
    for (int step = 0; step < 200; ++step) {
      const auto id = std::to_string(random() % 30);
      const auto project = project_for(id);
      switch (random() % 4) {
        case 0:
          if (queue.reserve(id, project) == fair_queue::reservation::taken)
            known.insert(id);
          break;
        case 1:
          queue.enter(id, project);
          known.insert(id);
          break;
        case 2:
          queue.leave(id);
          running.erase(id);
          known.erase(id);
          break;
        default:
          while (const auto granted = queue.grant()) {
            CHECK(running.insert(*granted).second);
            CHECK(known.contains(*granted));
            project_of[*granted] = project_for(*granted);
          }
      }
      REQUIRE(queue.running() == running.size());
      REQUIRE(queue.running() <= bound.max_running);
      REQUIRE(queue.running() + queue.waiting() == known.size());
      std::map<std::string, std::uint32_t> per_project;
      for (const auto& one : running)
        REQUIRE(++per_project[project_of[one]] <= bound.max_running_per_project);
    }
    for (const auto& id : known)
      queue.leave(id);
    REQUIRE(queue.running() == 0);
    REQUIRE(queue.waiting() == 0);
  }
}
