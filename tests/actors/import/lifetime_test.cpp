// SPDX-License-Identifier: Apache-2.0
#include "actors/lifetime/lifetime.hpp"

#include <cstring>

#include <catch2/catch.hpp>

#include "tests/support/import_world.hpp"

using namespace sluice;
using namespace std::chrono_literals;
using schemas::error_code;
using tests::import_world;

namespace {

std::string imported(import_world& world, const std::string& project = "a") {
  const auto accepted = world.accept(project);
  world.stage(accepted.id);
  world.runner.end(accepted.id, import_world::staged_outcome());
  world.settle();
  return accepted.id;
}

}  // namespace

TEST_CASE("a finished import vanishes at its expires-by and its image stays") {
  import_world world;
  const auto id = imported(world);
  const auto image_id = world.record(id).image_id;
  world.clock.time += 48h - 1us;
  world.actors_.advance(1s);
  CHECK(world.records->find_import(id));
  world.clock.time += 1us;
  world.actors_.advance(1s);
  CHECK_FALSE(world.records->find_import(id));
  CHECK(world.records->has_image(image_id));
}

TEST_CASE("more expired imports than one transaction takes vanish all the same") {
  import_world world;
  persistence::change_set many;
  for (int i = 0; i < 600; ++i) {
    auto record = import_world::draft();
    char id[37];
    std::snprintf(id, sizeof id, "0d3b6c1e-0000-4000-8000-%012d", i);
    record.id = id;
    record.status = schemas::image_import_status::failure;
    record.expires_at = world.clock.time;
    many.emplace_back(persistence::put_import{record});
  }
  REQUIRE(world.records->commit({many}).front());
  world.actors_.advance(1s);
  CHECK(world.records->expired_imports(world.clock.time, 1000).empty());
}

TEST_CASE("an image is deleted by its owner alone") {
  import_world world;
  const auto image_id = world.record(imported(world)).image_id;
  const auto stranger =
      world.actors_.ask<actors::done_atom>(world.lifetimes, actors::remove_atom_v, import_world::who("b"), image_id);
  REQUIRE_FALSE(stranger);
  CHECK(stranger.error().code == error_code::not_found);
  auto pending = world.actors_.self->request(world.lifetimes, caf::timespan{1h}, actors::remove_atom_v,
                                             import_world::who("a"), image_id);
  world.actors_.deliver_messages();
  CHECK_FALSE(world.records->has_image(image_id));
  CHECK_FALSE(world.actors_.self->has_next_message());  // the answer waits for the bytes
  world.settle();
  CHECK(world.blobs->image_ids().empty());
  bool answered = false;
  pending.receive([&](actors::done_atom) { answered = true; }, [](const caf::error&) {});
  CHECK(answered);
}

TEST_CASE("a public image is seen by others and deleted only by its owner, a protected one by nobody") {
  import_world world;
  const auto image_id = world.record(imported(world)).image_id;
  auto image = *world.records->find_image(image_id);
  image.properties.visibility = "public";
  image.properties.is_protected = true;
  persistence::change_set changes;
  changes.emplace_back(persistence::put_image{image});
  REQUIRE(world.records->commit({changes}).front());
  const auto stranger =
      world.actors_.ask<actors::done_atom>(world.lifetimes, actors::remove_atom_v, import_world::who("b"), image_id);
  REQUIRE_FALSE(stranger);
  CHECK(stranger.error().code == error_code::forbidden);
  const auto owner =
      world.actors_.ask<actors::done_atom>(world.lifetimes, actors::remove_atom_v, import_world::who("a"), image_id);
  REQUIRE_FALSE(owner);
  CHECK(owner.error().code == error_code::image_protected);
  CHECK(world.records->has_image(image_id));
}
