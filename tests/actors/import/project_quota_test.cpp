// SPDX-License-Identifier: Apache-2.0
#include "actors/admission/project_quota.hpp"

#include <catch2/catch.hpp>

#include "tests/support/import_world.hpp"

using namespace sluice;
using schemas::error_code;
using schemas::image_import_status;
using tests::import_world;

namespace {

schemas::imports_configuration quota_of(std::uint64_t bytes) {
  schemas::imports_configuration limits;
  limits.project_quota = bytes;
  return limits;
}

std::string imported(import_world& world, std::uint64_t size, const std::string& project = "a") {
  const auto accepted = world.accept(project);
  world.stage(accepted.id);
  world.runner.end(accepted.id, import_world::staged_outcome(size));
  world.settle();
  return accepted.id;
}

}  // namespace

TEST_CASE("a project stores as much as its quota, and another project's images do not count") {
  import_world world{quota_of(100)};
  CHECK(world.record(imported(world, 60)).status == image_import_status::success);
  CHECK(world.record(imported(world, 90, "b")).status == image_import_status::success);
  const auto too_much = world.record(imported(world, 41));
  CHECK(too_much.status == image_import_status::failure);
  CHECK(too_much.why->code == error_code::quota_exceeded);
  CHECK(world.record(imported(world, 40)).status == image_import_status::success);
  CHECK(world.records->usage_of("a").bytes == 100);
  const auto full =
      world.actors_.ask<schemas::image_import>(world.supervisor, actors::create_atom_v, import_world::draft("a"));
  REQUIRE_FALSE(full);
  CHECK(full.error().code == error_code::quota_exceeded);
}

TEST_CASE("imports that end at the same time are held to the quota together, and the refused one leaves nothing") {
  import_world world{quota_of(100)};
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(world.accept("a").id);
    world.stage(ids.back());
  }
  for (const auto& id : ids)
    world.runner.end(id, import_world::staged_outcome(40));
  world.settle();
  std::size_t taken = 0;
  for (const auto& id : ids) {
    const auto record = world.record(id);
    if (record.status == image_import_status::success) {
      ++taken;
      continue;
    }
    CHECK(record.status == image_import_status::failure);
    REQUIRE(record.why);
    CHECK(record.why->code == error_code::quota_exceeded);
    CHECK_FALSE(record.facts);
    CHECK_FALSE(world.records->has_image(record.image_id));
    CHECK_FALSE(world.blobs->open_image(record.image_id));
  }
  CHECK(taken == 2);
  CHECK(world.records->usage_of("a").bytes == 80);
}

TEST_CASE("what an image has become by its conversion counts") {
  import_world world{quota_of(2 << 20)};
  imported(world, 1 << 20);
  world.conversion.target = "raw";
  const auto import = world.accept("a");
  world.stage(import.id);
  world.runner.end(import.id, import_world::staged_outcome(1000));
  world.settle();
  world.stage(import.image_id, "the bytes of a raw disk");
  actors::conversion_outcome made;
  made.facts.size = (1 << 20) + 1;
  made.facts.virtual_size = made.facts.size;
  made.facts.disk_format = "raw";
  world.conversion.end(import.id, made);
  world.settle();
  REQUIRE(world.record(import.id).why);
  CHECK(world.record(import.id).why->code == error_code::quota_exceeded);
  CHECK(world.records->usage_of("a").bytes == 1 << 20);
}

TEST_CASE("an import that says how large it will be is refused before its first byte") {
  import_world world{quota_of(100)};
  auto draft = import_world::draft("a");
  draft.request.expect.size = 101;
  const auto refused = world.actors_.ask<schemas::image_import>(world.supervisor, actors::create_atom_v, draft);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == error_code::quota_exceeded);
  CHECK(world.runner.started == 0);
}

TEST_CASE("a deleted image makes room") {
  import_world world{quota_of(100)};
  const auto image_id = world.record(imported(world, 100)).image_id;
  const auto who = import_world::who("a");
  CHECK_FALSE(actors::check_quota(*world.records, world.limits, "a", 1));
  auto pending = world.actors_.self->request(world.lifetimes, caf::timespan{std::chrono::hours{1}},
                                             actors::remove_atom_v, who, image_id);
  world.settle();
  pending.receive([](actors::done_atom) {}, [](const caf::error&) { FAIL("not deleted"); });
  CHECK(world.records->usage_of("a") == persistence::project_usage{});
  CHECK(actors::check_quota(*world.records, world.limits, "a", 100));
}

TEST_CASE("without a quota anything fits") {
  import_world world;
  CHECK(actors::check_quota(*world.records, world.limits, "a", std::uint64_t{1} << 60));
}
