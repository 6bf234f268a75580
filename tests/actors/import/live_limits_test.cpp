// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "actors/metrics/metrics.hpp"
#include "tests/support/import_world.hpp"

using namespace sluice;
using namespace std::chrono_literals;
using schemas::error_code;
using schemas::image_import_status;
using tests::import_world;

namespace {

schemas::imports_configuration slots(std::uint32_t running) {
  schemas::imports_configuration limits;
  limits.max_running = running;
  limits.max_running_per_project = 100;
  return limits;
}

void configure(import_world& world, const schemas::imports_configuration& limits) {
  caf::anon_send(world.supervisor, actors::configure_atom_v, limits);
  caf::anon_send(world.admission, actors::configure_atom_v, limits);
  world.settle();
}

void fail(import_world& world, const std::string& id) {
  world.runner.end(id, import_world::failed_outcome(error_code::source_status, "Received 404"));
  world.settle();
}

}  // namespace

TEST_CASE("more slots are granted at once") {
  import_world world{slots(1)};
  for (int i = 0; i < 4; ++i)
    (void)world.accept();
  REQUIRE(world.runner.runs.size() == 1);
  configure(world, slots(3));
  CHECK(world.runner.runs.size() == 3);
  CHECK(world.metrics.imports_running.value() == 3);
  CHECK(world.metrics.imports_waiting.value() == 1);
}

TEST_CASE("fewer slots let those that run go on, and nobody new begins until there is room") {
  import_world world{slots(3)};
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i)
    ids.push_back(world.accept().id);
  configure(world, slots(1));
  CHECK(world.runner.runs.size() == 3);
  for (const auto& [id, run] : world.runner.runs)
    CHECK_FALSE(run.asked_to_stop);
  fail(world, ids[0]);
  fail(world, ids[1]);
  CHECK(world.runner.runs.size() == 1);
  CHECK(world.runner.started == 3);
  fail(world, ids[2]);
  CHECK(world.runner.started == 4);
}

TEST_CASE("the length of a project's queue follows a change") {
  auto limits = slots(1);
  import_world world{limits};
  (void)world.accept();
  limits.max_waiting_per_project = 1;
  configure(world, limits);
  (void)world.accept();
  const auto refused =
      world.actors_.ask<schemas::image_import>(world.supervisor, actors::create_atom_v, import_world::draft());
  CHECK_FALSE(refused.has_value());
}

TEST_CASE("how long a finished import stays is what was configured when it was taken in") {
  import_world world{slots(8)};
  const auto before = world.accept().id;
  auto limits = slots(8);
  limits.result_ttl = 1h;
  configure(world, limits);
  const auto after = world.accept().id;
  fail(world, before);
  fail(world, after);
  CHECK(world.record(before).expires_at == world.clock.time + 48h);
  CHECK(world.record(after).expires_at == world.clock.time + 1h);
}

TEST_CASE("what becomes of imports is counted") {
  import_world world;
  const auto good = world.accept().id;
  const auto bad = world.accept().id;
  world.stage(good);
  world.runner.checkpoint(good, 10, 21);
  world.settle();
  CHECK(world.metrics.imported_bytes.value() == 10);
  world.runner.end(good, import_world::staged_outcome());
  world.settle();
  fail(world, bad);
  const auto& counted = world.metrics;
  CHECK(counted.imports_accepted.value() == 2);
  CHECK(counted.imported_bytes.value() == 21);
  CHECK(counted.imports_ended[static_cast<std::size_t>(error_code::none)].value() == 1);
  CHECK(counted.imports_ended[static_cast<std::size_t>(error_code::source_status)].value() == 1);
  const auto left = [&](image_import_status status, actors::phase_end how) {
    const auto& spread = counted.phases[static_cast<std::size_t>(status)][static_cast<std::size_t>(how)];
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < spread.buckets; ++i)
      sum += spread.count(i);
    return sum;
  };
  CHECK(left(image_import_status::waiting, actors::phase_end::done) == 2);
  CHECK(left(image_import_status::uploading, actors::phase_end::done) == 1);
  CHECK(left(image_import_status::uploading, actors::phase_end::failed) == 1);
  CHECK(left(image_import_status::verifying, actors::phase_end::done) == 1);
  CHECK(counted.imports_running.value() == 0);
  CHECK(counted.commits_refused.value() == 0);
  CHECK(counted.records_writable);
}

TEST_CASE("a histogram puts a value under the first bound that is not below it") {
  actors::histogram<actors::commit_bounds> spread;
  spread.observe(0.001);
  spread.observe(0.0011);
  spread.observe(99.0);
  CHECK(spread.count(1) == 1);
  CHECK(spread.count(2) == 1);
  CHECK(spread.count(spread.buckets - 1) == 1);
  CHECK(spread.sum() == Approx(99.0021));
}
