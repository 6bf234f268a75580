// SPDX-License-Identifier: Apache-2.0
#include "actors/conversion/conversion.hpp"

#include <catch2/catch.hpp>

#include "actors/import/recovery.hpp"
#include "tests/support/import_world.hpp"

using namespace sluice;
using namespace std::chrono_literals;
using schemas::error_code;
using schemas::failure;
using schemas::image_import_status;
using tests::import_world;
using tests::scripted_check;

namespace {

/// An import whose bytes have passed every check and are being converted to raw.
std::string being_converted(import_world& world) {
  world.conversion.target = "raw";
  const auto id = world.accept().id;
  world.stage(id);
  world.runner.end(id, import_world::staged_outcome());
  world.settle();
  REQUIRE(world.conversion.runs.contains(id));
  return id;
}

actors::conversion_outcome made() {
  actors::conversion_outcome outcome;
  outcome.facts.size = 1 << 20;
  outcome.facts.virtual_size = 1 << 20;
  outcome.facts.disk_format = "raw";
  outcome.facts.md5 = std::string(32, 'b');
  outcome.facts.os_hash_algo = "sha512";
  outcome.facts.os_hash_value = std::string(128, 'b');
  return outcome;
}

}  // namespace

TEST_CASE("what has passed is converted, judged again and published, with the digests of both kept") {
  import_world world;
  const auto id = being_converted(world);
  const auto image_id = world.record(id).image_id;
  CHECK(world.record(id).status == image_import_status::verifying);
  const auto& request = world.conversion.runs.at(id).request;
  CHECK(request.from == "qcow2");
  CHECK(request.to == "raw");
  CHECK(request.image_id == image_id);
  CHECK(request.virtual_size == 1 << 20);
  CHECK(world.scanner.started == 1);
  world.structure.waits = true;
  world.stage(image_id, "the bytes of a raw disk");
  world.conversion.end(id, made());
  world.settle();
  REQUIRE(world.structure.runs.contains(id));
  CHECK(world.structure.runs.at(id).image.about.converted);
  CHECK(world.structure.runs.at(id).image.about.disk_format == "raw");
  // Durable already, and what came is gone: a service that is killed now goes on from what was made.
  CHECK(world.record(id).facts->converted());
  CHECK(world.blobs->staged_ids() == std::vector{image_id});
  world.structure.end(id, scripted_check::passed(1 << 20));
  world.settle();
  const auto done = world.record(id);
  REQUIRE(done.status == image_import_status::success);
  CHECK(done.checks.size() == 4);
  CHECK(world.conversion.started == 1);
  const auto image = world.records->find_image(image_id);
  REQUIRE(image);
  CHECK(image->properties.disk_format == "raw");
  CHECK(image->facts->md5 == std::string(32, 'b'));
  CHECK(image->facts->size == 1 << 20);
  CHECK(image->facts->converted_from.disk_format == "qcow2");
  CHECK(image->facts->converted_from.os_hash_value == std::string(128, 'a'));
  CHECK(image->facts->converted_from.size == 21);
  CHECK(world.blobs->image_ids() == std::vector{image_id});
  CHECK(world.blobs->staged_ids().empty());
}

TEST_CASE("nothing is converted before every check has passed, or that is in the format already") {
  import_world world;
  world.conversion.target = "raw";
  world.scanner.waits = true;
  const auto id = world.accept().id;
  world.stage(id);
  world.runner.end(id, import_world::staged_outcome());
  world.settle();
  CHECK(world.conversion.started == 0);
  world.scanner.end(id, scripted_check::refused(error_code::verifier_refused, "Evil."));
  world.settle();
  CHECK(world.conversion.started == 0);
  CHECK(world.record(id).status == image_import_status::failure);
  world.scanner.waits = false;
  world.conversion.target = "qcow2";
  const auto same = world.accept().id;
  world.stage(same);
  world.runner.end(same, import_world::staged_outcome());
  world.settle();
  CHECK(world.conversion.started == 0);
  CHECK(world.record(same).status == image_import_status::success);
}

TEST_CASE("a signed image stays what it is, and cannot be asked for in another format") {
  import_world world;
  world.conversion.target = "raw";
  for (const auto* const asked : {"", "raw"}) {
    auto draft = import_world::draft();
    draft.request.properties.extra["img_signature"] = "c2ln";
    draft.request.convert_to = asked;
    const auto made = world.actors_.ask<schemas::image_import>(world.supervisor, actors::create_atom_v, draft);
    REQUIRE(made);
    world.settle();
    world.stage(made->id);
    world.runner.end(made->id, import_world::staged_outcome());
    world.settle();
    CHECK(world.conversion.started == 0);
    CHECK(world.record(made->id).status == (*asked == 0 ? image_import_status::success : image_import_status::failure));
  }
}

TEST_CASE("a conversion that fails, or cannot be had, fails the import and leaves nothing") {
  import_world world;
  const auto id = being_converted(world);
  actors::conversion_outcome outcome;
  outcome.why = failure{error_code::conversion_failed, "qemu-img ended with status 1."};
  world.conversion.end(id, outcome);
  world.settle();
  CHECK(world.record(id).status == image_import_status::failure);
  CHECK(world.record(id).why->code == error_code::conversion_failed);
  CHECK(world.blobs->staged_ids().empty());
  world.conversion.target = "refuse";
  const auto other = world.accept().id;
  world.stage(other);
  world.runner.end(other, import_world::staged_outcome());
  world.settle();
  CHECK(world.record(other).why->code == error_code::conversion_failed);
  CHECK(world.blobs->staged_ids().empty());
}

TEST_CASE("what was made and is not sound fails as a conversion, not as the fault of what came") {
  import_world world;
  const auto id = being_converted(world);
  world.structure.waits = true;
  world.stage(world.record(id).image_id);
  world.conversion.end(id, made());
  world.settle();
  world.structure.end(id, scripted_check::refused(error_code::image_corrupt, "Two copies differ."));
  world.settle();
  const auto done = world.record(id);
  CHECK(done.why->code == error_code::conversion_failed);
  CHECK(done.why->message.find("Two copies differ.") != std::string::npos);
  CHECK(world.blobs->staged_ids().empty());
  CHECK(world.blobs->image_ids().empty());
}

TEST_CASE("an import cancelled while it is converted stops the conversion and leaves nothing") {
  import_world world;
  const auto id = being_converted(world);
  auto pending = world.cancel(id);
  world.settle();
  REQUIRE(world.conversion.runs.at(id).asked_to_stop);
  CHECK(world.record(id).status == image_import_status::verifying);
  SECTION("when it stops as asked") {
    actors::conversion_outcome outcome;
    outcome.why = failure{error_code::cancelled, "Cancelled."};
    world.conversion.end(id, outcome);
  }
  SECTION("when it was done at the same moment") {
    world.stage(world.record(id).image_id);
    world.conversion.end(id, made());
  }
  world.settle();
  bool answered = false;
  pending.receive([&](actors::done_atom) { answered = true; }, [](const caf::error&) {});
  CHECK(answered);
  CHECK(world.record(id).why->code == error_code::cancelled);
  CHECK(world.blobs->staged_ids().empty());
}

TEST_CASE("a service that stops while it converts does so again at its next start, from what came") {
  import_world world;
  const auto id = being_converted(world);
  const auto image_id = world.record(id).image_id;
  auto pending = world.actors_.self->request(world.supervisor, caf::timespan{1h}, actors::pause_atom_v);
  world.settle();
  REQUIRE(world.conversion.runs.at(id).asked_to_stop);
  world.stage(image_id);  // half of it, when the service is killed instead
  world.conversion.end(id, made());
  world.settle();
  bool paused = false;
  pending.receive([&](actors::done_atom) { paused = true; }, [](const caf::error&) {});
  CHECK(paused);
  CHECK(world.record(id).status == image_import_status::verifying);
  CHECK_FALSE(world.record(id).facts->converted());
  const auto swept = actors::sweep_orphans(*world.records, *world.blobs);
  CHECK(swept.staged_removed == 1);
  CHECK(world.blobs->staged_ids() == std::vector{id});
}

TEST_CASE("an import that was converted before a crash is finished, and what it was made of is swept away") {
  import_world world;
  auto record = import_world::draft();
  record.id = "0d3b6c1e-0000-4000-8000-000000000001";
  record.image_id = "0d3b6c1e-0000-4000-8000-000000000002";
  record.status = image_import_status::verifying;
  record.facts = made().facts;
  record.facts->converted_from.disk_format = "vmdk";
  record.facts->converted_from.os_hash_algo = "sha512";
  record.checks.resize(1);
  record.checks[0].name = "before";
  record.created_at = world.clock.time;
  persistence::change_set changes;
  changes.emplace_back(persistence::put_import{record});
  REQUIRE(world.records->commit({changes}).front());
  world.stage(record.image_id);
  SECTION("when what came had not been freed") {
    world.stage(record.id);
    CHECK(actors::sweep_orphans(*world.records, *world.blobs).staged_removed == 1);
  }
  SECTION("when the crash came between the rename and the record") {
    REQUIRE(world.blobs->publish(record.image_id, record.image_id));
    CHECK(actors::sweep_orphans(*world.records, *world.blobs).images_removed == 0);
  }
  world.conversion.target = "raw";
  REQUIRE(world.actors_.ask<std::uint64_t>(world.supervisor, actors::recover_atom_v) == 1);
  world.settle();
  const auto done = world.record(record.id);
  CHECK(done.status == image_import_status::success);
  CHECK(done.checks.front().name == "before");
  CHECK(world.conversion.started == 0);
  CHECK(world.runner.started == 0);
  CHECK(world.blobs->image_ids() == std::vector{record.image_id});
  CHECK(world.blobs->staged_ids().empty());
}
