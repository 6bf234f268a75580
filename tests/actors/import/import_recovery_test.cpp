// SPDX-License-Identifier: Apache-2.0
#include "actors/import/recovery.hpp"

#include <cstring>

#include <catch2/catch.hpp>

#include "tests/support/import_world.hpp"

using namespace sluice;
using namespace std::chrono_literals;
using schemas::error_code;
using schemas::image_import_status;
using tests::import_world;

TEST_CASE("pausing keeps every import where it is, durably, and refuses new ones") {
  schemas::imports_configuration one;
  one.max_running = 1;
  import_world world{one};
  const auto running = world.accept(), waiting = world.accept();
  auto pending = world.actors_.self->request(world.supervisor, caf::timespan{1h}, actors::pause_atom_v);
  world.settle();
  REQUIRE(world.runner.runs.at(running.id).asked_to_stop);
  world.runner.checkpoint(running.id, 4096, 8192);
  world.runner.end(running.id, {});
  world.settle();
  bool paused = false;
  pending.receive([&](actors::done_atom) { paused = true; }, [](const caf::error&) {});
  CHECK(paused);
  CHECK(world.record(running.id).status == image_import_status::uploading);
  CHECK(world.record(running.id).durable_bytes == 4096);
  CHECK(world.record(waiting.id).status == image_import_status::waiting);
  const auto refused =
      world.actors_.ask<schemas::image_import>(world.supervisor, actors::create_atom_v, import_world::draft());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == error_code::service_stopping);

  SECTION("and the next start takes them up where they were") {
    import_world next;
    auto carried = world.record(running.id);
    persistence::change_set carry;
    carry.emplace_back(persistence::put_import{carried});
    carry.emplace_back(persistence::put_import{world.record(waiting.id)});
    REQUIRE(next.records->commit({carry}).front());
    CHECK(next.actors_.ask<std::uint64_t>(next.supervisor, actors::recover_atom_v) == 2);
    next.settle();
    CHECK(next.runner.runs.at(running.id).job.record.durable_bytes == 4096);
    CHECK(next.runner.runs.contains(waiting.id));
  }
}

TEST_CASE("an import whose bytes were verified before a crash is finished, not fetched again") {
  import_world world;
  auto record = import_world::draft();
  record.id = "0d3b6c1e-0000-4000-8000-000000000001";
  record.image_id = "0d3b6c1e-0000-4000-8000-000000000002";
  record.status = image_import_status::verifying;
  record.facts = import_world::staged_outcome().facts;
  record.created_at = world.clock.time;
  persistence::change_set changes;
  changes.emplace_back(persistence::put_import{record});
  REQUIRE(world.records->commit({changes}).front());
  world.stage(record.id);

  SECTION("when the crash came before the rename") {}
  SECTION("when the crash came between the rename and the record") {
    REQUIRE(world.blobs->publish(record.id, record.image_id));
  }
  const auto swept = actors::sweep_orphans(*world.records, *world.blobs);
  CHECK(swept.staged_removed + swept.images_removed == 0);
  REQUIRE(world.actors_.ask<std::uint64_t>(world.supervisor, actors::recover_atom_v) == 1);
  world.settle();
  CHECK(world.record(record.id).status == image_import_status::success);
  CHECK(world.records->has_image(record.image_id));
  CHECK(world.blobs->image_ids() == std::vector{record.image_id});
  CHECK(world.blobs->staged_ids().empty());
  CHECK(world.runner.started == 0);
}

TEST_CASE("verified bytes that did not survive are fetched again from the start") {
  import_world world;
  auto record = import_world::draft();
  record.id = "0d3b6c1e-0000-4000-8000-000000000001";
  record.image_id = "0d3b6c1e-0000-4000-8000-000000000002";
  record.status = image_import_status::verifying;
  record.facts = import_world::staged_outcome().facts;
  record.durable_bytes = 21;
  persistence::change_set changes;
  changes.emplace_back(persistence::put_import{record});
  REQUIRE(world.records->commit({changes}).front());
  REQUIRE(world.actors_.ask<std::uint64_t>(world.supervisor, actors::recover_atom_v) == 1);
  world.settle();
  CHECK(world.record(record.id).status == image_import_status::uploading);
  REQUIRE(world.runner.runs.contains(record.id));
  CHECK(world.runner.runs.at(record.id).job.record.durable_bytes == 0);
}

TEST_CASE("an import's actor that dies gives its slot back and is started again from the record") {
  schemas::imports_configuration one;
  one.max_running = 1;
  import_world world{one};
  const auto id = world.accept().id;
  const auto state = [&] {
    return caf::actor_cast<actors::import_supervisor_actor::stateful_pointer<actors::import_supervisor_state>>(
               world.supervisor)
        ->state.live;
  };
  unsigned deaths = 0;
  while (deaths < actors::import_supervisor_state::max_deaths) {
    const auto live = state();
    REQUIRE(live.contains(id));
    caf::anon_send_exit(live.at(id), caf::exit_reason::kill);
    world.settle();
    CHECK_FALSE(state().contains(id));
    ++deaths;
    world.actors_.advance(1s * (1U << deaths));
    world.settle();
    if (deaths < actors::import_supervisor_state::max_deaths)
      CHECK(world.runner.started == static_cast<int>(deaths) + 1);
  }
  CHECK(world.record(id).status == image_import_status::failure);
  CHECK(world.record(id).why->code == error_code::internal_error);
  CHECK_FALSE(world.progress.find(id));
  CHECK(world.accept("b").id != id);
  CHECK(world.runner.runs.size() == 2);  // the slot is free for another import
}

TEST_CASE("the sweep removes what no import and no record claims, and nothing else") {
  import_world world;
  const auto live = world.accept();
  world.stage(live.id);
  const std::string orphan = "0d3b6c1e-0000-4000-8000-00000000000f";
  const std::string lost_image = "0d3b6c1e-0000-4000-8000-00000000000e";
  world.stage(orphan);
  REQUIRE(world.blobs->publish(orphan, lost_image));
  world.stage(orphan);
  const auto swept = actors::sweep_orphans(*world.records, *world.blobs);
  CHECK(swept.staged_removed == 1);
  CHECK(swept.images_removed == 1);
  CHECK(world.blobs->staged_ids() == std::vector{live.id});
  CHECK(world.blobs->image_ids().empty());
}
