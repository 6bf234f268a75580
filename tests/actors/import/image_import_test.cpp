// SPDX-License-Identifier: Apache-2.0
#include "actors/import/image_import.hpp"

#include <cstring>

#include <catch2/catch.hpp>

#include "tests/support/import_world.hpp"

using namespace sluice;
using namespace std::chrono_literals;
using schemas::error_code;
using schemas::image_import_status;
using tests::import_world;

TEST_CASE("an accepted import is durable before it is answered, and starts at once when a slot is free") {
  import_world world;
  const auto accepted = world.accept();
  CHECK(accepted.id.size() == 36);
  CHECK(accepted.image_id.size() == 36);
  CHECK(accepted.id != accepted.image_id);
  CHECK(accepted.status == image_import_status::waiting);
  CHECK(world.record(accepted.id).status == image_import_status::uploading);
  CHECK(world.runner.runs.contains(accepted.id));
}

TEST_CASE("an import goes from waiting over uploading and verifying to success, and the image is there with it") {
  import_world world;
  const auto id = world.accept().id;
  world.stage(id);
  world.runner.end(id, import_world::staged_outcome());
  world.actors_.deliver_messages();
  CHECK(world.record(id).status == image_import_status::verifying);
  CHECK_FALSE(world.records->has_image(world.record(id).image_id));
  CHECK(world.record(id).request.location == "http://example.org/disk.qcow2?signature=secret");
  world.settle();
  const auto done = world.record(id);
  CHECK(done.status == image_import_status::success);
  CHECK(done.request.location == "http://example.org/disk.qcow2");  // no secret outlives its use
  CHECK(done.expires_at == world.clock.time + 48h);
  const auto image = world.records->find_image(done.image_id);
  REQUIRE(image);
  CHECK(image->owner == "a");
  CHECK(image->properties.disk_format == "qcow2");
  CHECK(image->properties.container_format == "bare");
  CHECK(image->properties.visibility == "shared");
  CHECK(image->properties.name == "disk");
  CHECK(image->facts->size == 21);
  CHECK(world.blobs->staged_ids().empty());
  CHECK(world.blobs->image_ids() == std::vector{done.image_id});
  CHECK_FALSE(world.progress.find(id));
}

TEST_CASE("a failed import keeps its reason and no byte") {
  import_world world;
  const auto id = world.accept().id;
  world.stage(id);
  world.runner.end(id, import_world::failed_outcome(error_code::source_status, "Received 404"));
  world.settle();
  const auto done = world.record(id);
  CHECK(done.status == image_import_status::failure);
  CHECK(done.request.location == "http://example.org/disk.qcow2");
  REQUIRE(done.why);
  CHECK(done.why->code == error_code::source_status);
  CHECK(done.why->message == "Received 404");
  CHECK(done.expires_at);
  CHECK(world.blobs->staged_ids().empty());
  CHECK(world.blobs->image_ids().empty());
}

TEST_CASE("checkpoints are kept in the record") {
  import_world world;
  const auto id = world.accept().id;
  world.runner.checkpoint(id, 4096, 8192);
  world.settle();
  CHECK(world.record(id).durable_bytes == 4096);
  CHECK(world.record(id).validator == "\"etag\"");
  CHECK(world.record(id).total == 8192);
}

TEST_CASE("cancelling a running import stops its pipeline, frees its bytes and ends it as failure") {
  import_world world;
  const auto id = world.accept().id;
  world.stage(id);
  auto pending = world.actors_.self->request(world.supervisor, caf::timespan{1h}, actors::cancel_atom_v,
                                             import_world::who("a"), id);
  world.settle();
  REQUIRE(world.runner.runs.at(id).asked_to_stop);
  CHECK(world.record(id).status == image_import_status::uploading);
  world.runner.end(id, {});
  world.settle();
  bool answered = false;
  pending.receive([&](actors::done_atom) { answered = true; }, [](const caf::error&) {});
  CHECK(answered);
  CHECK(world.record(id).status == image_import_status::failure);
  CHECK(world.record(id).why->code == error_code::cancelled);
  CHECK(world.blobs->staged_ids().empty());
}

TEST_CASE("cancelling a waiting import ends it without ever running") {
  schemas::imports_configuration one;
  one.max_running = 1;
  import_world world{one};
  const auto first = world.accept();
  const auto second = world.accept();
  CHECK(world.record(second.id).status == image_import_status::waiting);
  CHECK(world.actors_.ask<std::uint64_t>(world.supervisor, actors::position_atom_v, second.id) == 1);
  auto pending = world.actors_.self->request(world.supervisor, caf::timespan{1h}, actors::cancel_atom_v,
                                             import_world::who("a"), second.id);
  world.settle();
  bool answered = false;
  pending.receive([&](actors::done_atom) { answered = true; }, [](const caf::error&) {});
  CHECK(answered);
  CHECK(world.record(second.id).status == image_import_status::failure);
  CHECK(world.runner.started == 1);
}

TEST_CASE("an import cancelled while it is being published leaves no image") {
  import_world world;
  const auto id = world.accept().id;
  world.stage(id);
  world.runner.end(id, import_world::staged_outcome());
  world.actors_.deliver_messages();
  REQUIRE(world.files.waiting.size() == 1);
  world.actors_.self->request(world.supervisor, caf::timespan{1h}, actors::cancel_atom_v, import_world::who("a"), id);
  world.settle();
  CHECK(world.record(id).status == image_import_status::failure);
  CHECK(world.blobs->image_ids().empty());
  CHECK_FALSE(world.records->has_image(world.record(id).image_id));
}

TEST_CASE("deleting a finished import removes its record, and another project cannot") {
  import_world world;
  const auto id = world.accept().id;
  world.runner.end(id, import_world::failed_outcome(error_code::source_status, "no"));
  world.settle();
  const auto stranger =
      world.actors_.ask<actors::done_atom>(world.supervisor, actors::cancel_atom_v, import_world::who("b"), id);
  REQUIRE_FALSE(stranger);
  CHECK(stranger.error().code == error_code::not_found);
  CHECK(world.records->find_import(id));
  CHECK(world.actors_.ask<actors::done_atom>(world.supervisor, actors::cancel_atom_v, import_world::who("a"), id));
  CHECK_FALSE(world.records->find_import(id));
}

TEST_CASE("deleting an import that ends while the word is on its way removes it") {
  import_world world;
  const auto id = world.accept().id;
  auto ended = world.record(id);
  ended.status = image_import_status::failure;
  ended.why = schemas::failure{error_code::source_status, "no"};
  persistence::change_set changes;
  changes.emplace_back(persistence::put_import{ended});
  REQUIRE(world.records->commit({changes}).front());
  const auto live = caf::actor_cast<actors::import_supervisor_actor::stateful_pointer<actors::import_supervisor_state>>(
                        world.supervisor)
                        ->state.live;
  caf::anon_send_exit(live.at(id), caf::exit_reason::kill);  // gone before the supervisor hears of it
  CHECK(world.actors_.ask<actors::done_atom>(world.supervisor, actors::cancel_atom_v, import_world::who("a"), id));
  CHECK_FALSE(world.records->find_import(id));
}

TEST_CASE("who watches is told when the status has changed, and at once when it has seen an older one") {
  import_world world;
  const auto id = world.accept().id;
  const auto now = world.actors_.ask<std::uint64_t>(world.supervisor, actors::watch_atom_v, id, std::uint64_t{0});
  REQUIRE(now);
  auto pending = world.actors_.self->request(world.supervisor, caf::timespan{1h}, actors::watch_atom_v, id, *now);
  world.actors_.deliver_messages();
  world.runner.end(id, import_world::failed_outcome(error_code::source_status, "no"));
  world.settle();
  std::uint64_t later = 0;
  pending.receive([&](std::uint64_t version) { later = version; }, [](const caf::error&) {});
  CHECK(later != *now);
  CHECK(later != 0);
}

TEST_CASE("a place in the queue is refused when the project has too many waiting") {
  schemas::imports_configuration few;
  few.max_running = 1;
  few.max_waiting_per_project = 1;
  import_world world{few};
  (void)world.accept();
  (void)world.accept();
  const auto refused =
      world.actors_.ask<schemas::image_import>(world.supervisor, actors::create_atom_v, import_world::draft());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == error_code::too_many_imports);
  CHECK(world.actors_.ask<schemas::image_import>(world.supervisor, actors::create_atom_v, import_world::draft("b")));
}

TEST_CASE("a slot that is freed goes to the next in turn") {
  schemas::imports_configuration one;
  one.max_running = 1;
  import_world world{one};
  const auto first = world.accept(), second = world.accept("b");
  world.runner.end(first.id, import_world::failed_outcome(error_code::source_status, "no"));
  world.settle();
  CHECK(world.runner.runs.contains(second.id));
  CHECK(world.record(second.id).status == image_import_status::uploading);
}
