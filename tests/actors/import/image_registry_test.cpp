// SPDX-License-Identifier: Apache-2.0
#include "actors/images/image_registry.hpp"

#include <catch2/catch.hpp>

#include "tests/support/import_world.hpp"

using namespace sluice;
using namespace std::chrono_literals;
using schemas::error_code;
using schemas::image;
using schemas::image_member;
using schemas::image_status;
using tests::import_world;

namespace {

schemas::identity admin() {
  auto who = import_world::who("operators");
  who.roles = {"admin"};
  return who;
}

image draft(std::string name = "disk") {
  image subject;
  subject.properties.name = std::move(name);
  return subject;
}

image created(import_world& world, const schemas::identity& who = import_world::who("a"), image subject = draft()) {
  const auto made = world.actors_.ask<image>(world.images, actors::create_atom_v, who, subject);
  REQUIRE(made.has_value());
  return *made;
}

actors::image_patch patch_of(std::string attribute, std::string value) {
  schemas::image_change change;
  change.attribute = std::move(attribute);
  change.value = std::move(value);
  change.what = schemas::image_change::kind::add;
  actors::image_patch patch;
  patch.changes.push_back(std::move(change));
  return patch;
}

actors::image_move move_of(const std::string& id, std::vector<image_status> from, image_status to) {
  actors::image_move move;
  move.transition.image_id = id;
  move.transition.from = std::move(from);
  move.transition.to = to;
  return move;
}

schemas::member_change sharing(schemas::member_change::kind what, std::string project,
                               schemas::member_status status = schemas::member_status::pending) {
  schemas::member_change change;
  change.what = what;
  change.member_id = std::move(project);
  change.status = status;
  return change;
}

}  // namespace

TEST_CASE("an image is made queued, without bytes, its owner's, with times and a random id, durably") {
  import_world world;
  const auto made = created(world);
  CHECK(made.id.size() == 36);
  CHECK(made.owner == "a");
  CHECK(made.status == image_status::queued);
  CHECK_FALSE(made.facts);
  CHECK(made.properties.visibility == "shared");
  CHECK(made.created_at == world.clock.time);
  CHECK(world.records->find_image(made.id) == made);
  CHECK(created(world).id != made.id);
}

TEST_CASE("an id that the client chose is taken once, and never again after its image was deleted") {
  import_world world;
  auto wanted = draft();
  wanted.id = "0d3b6c1e-0000-4000-8000-000000000001";
  CHECK(created(world, import_world::who("a"), wanted).id == wanted.id);
  const auto again = world.actors_.ask<image>(world.images, actors::create_atom_v, import_world::who("b"), wanted);
  REQUIRE_FALSE(again);
  CHECK(again.error().code == error_code::conflict);
  REQUIRE(world.actors_.ask<image>(world.images, actors::remove_atom_v, import_world::who("a"), wanted.id));
  const auto reused = world.actors_.ask<image>(world.images, actors::create_atom_v, import_world::who("a"), wanted);
  REQUIRE_FALSE(reused);
  CHECK(reused.error().code == error_code::conflict);
}

TEST_CASE("only an administrator makes an image for another project") {
  import_world world;
  auto subject = draft();
  subject.owner = "b";
  const auto refused = world.actors_.ask<image>(world.images, actors::create_atom_v, import_world::who("a"), subject);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == error_code::forbidden);
  CHECK(created(world, admin(), subject).owner == "b");
}

TEST_CASE("changes that come at once are made one after the other and none is lost") {
  import_world world;
  const auto id = created(world).id;
  constexpr int changes = 40;
  std::vector<decltype(world.actors_.self->request(world.images, caf::timespan{1h}, actors::update_atom_v,
                                                   import_world::who("a"), id, patch_of("", "")))>
      pending;
  for (int i = 0; i < changes; ++i)
    pending.push_back(world.actors_.self->request(world.images, caf::timespan{1h}, actors::update_atom_v,
                                                  import_world::who("a"), id,
                                                  patch_of("key_" + std::to_string(i), "\"value\"")));
  world.settle();
  std::size_t seen = 0;
  for (auto& each : pending)
    each.receive([&](const image& after) { CHECK(after.properties.extra.size() == ++seen); },
                 [](const caf::error&) { FAIL("refused"); });
  CHECK(world.records->find_image(id)->properties.extra.size() == changes);
}

TEST_CASE("a change that comes behind a deletion finds nothing") {
  import_world world;
  const auto id = created(world).id;
  auto gone =
      world.actors_.self->request(world.images, caf::timespan{1h}, actors::remove_atom_v, import_world::who("a"), id);
  auto late = world.actors_.self->request(world.images, caf::timespan{1h}, actors::update_atom_v,
                                          import_world::who("a"), id, patch_of("key", "\"value\""));
  world.settle();
  gone.receive([](const image&) {}, [](const caf::error&) { FAIL("not deleted"); });
  late.receive([](const image&) { FAIL("changed after its end"); },
               [](const caf::error& why) { CHECK(actors::to_failure(why).code == error_code::not_found); });
  CHECK_FALSE(world.records->has_image(id));
}

TEST_CASE("a refused change leaves the image as it was, also when a step before it was good") {
  import_world world;
  const auto before = created(world);
  auto patch = patch_of("name", "\"new\"");
  patch.changes.push_back(patch_of("min_disk", "-1").changes.front());
  const auto refused =
      world.actors_.ask<image>(world.images, actors::update_atom_v, import_world::who("a"), before.id, patch);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == error_code::invalid_request);
  CHECK(world.records->find_image(before.id) == before);
}

TEST_CASE("a change that changes nothing does not touch the record") {
  import_world world;
  const auto before = created(world);
  world.clock.time += 1h;
  const auto after = world.actors_.ask<image>(world.images, actors::update_atom_v, import_world::who("a"), before.id,
                                              patch_of("name", "\"disk\""));
  REQUIRE(after);
  CHECK(*after == before);
}

TEST_CASE("an image moves from the statuses named, takes its lock with it, and refuses the second taker") {
  import_world world;
  const auto id = created(world).id;
  auto begin = move_of(id, {image_status::queued}, image_status::importing);
  begin.transition.put_properties = {{"os_glance_import_task", "task-1"}};
  begin.transition.unless_properties = {"os_glance_import_task"};
  const auto begun = world.actors_.ask<image>(world.images, actors::move_atom_v, begin);
  REQUIRE(begun);
  CHECK(begun->status == image_status::importing);
  CHECK(begun->properties.extra.at("os_glance_import_task") == "task-1");
  const auto second = world.actors_.ask<image>(world.images, actors::move_atom_v, begin);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == error_code::conflict);

  auto end = move_of(id, {image_status::importing}, image_status::active);
  end.transition.facts = *import_world::staged_outcome().facts;
  end.transition.erase_properties = {"os_glance_import_task"};
  auto import = import_world::draft();
  import.id = "0d3b6c1e-0000-4000-8000-000000000009";
  import.image_id = id;
  end.put_imports.push_back(import);
  const auto ended = world.actors_.ask<image>(world.images, actors::move_atom_v, end);
  REQUIRE(ended);
  CHECK(ended->status == image_status::active);
  CHECK(ended->facts->size == 21);
  CHECK(ended->properties.disk_format == "qcow2");
  CHECK(ended->properties.container_format == "bare");
  CHECK(ended->properties.extra.empty());
  CHECK(world.records->find_import(import.id));
}

TEST_CASE("a move that the table does not have is a conflict, and nothing that came with it is kept") {
  import_world world;
  const auto id = created(world).id;
  auto move = move_of(id, {image_status::queued}, image_status::deactivated);
  auto import = import_world::draft();
  import.id = "0d3b6c1e-0000-4000-8000-000000000009";
  move.put_imports.push_back(import);
  const auto refused = world.actors_.ask<image>(world.images, actors::move_atom_v, move);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == error_code::conflict);
  CHECK_FALSE(world.records->find_import(import.id));
}

TEST_CASE("an image is shared by its owner, accepted by the member, and listed to it from then on") {
  import_world world;
  const auto id = created(world).id;
  using change = schemas::member_change::kind;
  const auto share = [&](const schemas::identity& who, schemas::member_change asked) {
    return world.actors_.ask<image_member>(world.images, actors::share_atom_v, who, id, std::move(asked));
  };
  const auto stranger = share(import_world::who("c"), sharing(change::add, "c"));
  REQUIRE_FALSE(stranger);
  CHECK(stranger.error().code == error_code::not_found);
  const auto added = share(import_world::who("a"), sharing(change::add, "b"));
  REQUIRE(added);
  CHECK(added->status == schemas::member_status::pending);
  const auto twice = share(import_world::who("a"), sharing(change::add, "b"));
  REQUIRE_FALSE(twice);
  CHECK(twice.error().code == error_code::conflict);
  const auto own_word =
      share(import_world::who("a"), sharing(change::set_status, "b", schemas::member_status::accepted));
  REQUIRE_FALSE(own_word);
  CHECK(own_word.error().code == error_code::forbidden);
  persistence::image_query query;
  query.project_id = "b";
  CHECK(world.records->list_images(query)->records.empty());
  REQUIRE(share(import_world::who("b"), sharing(change::set_status, "b", schemas::member_status::accepted)));
  CHECK(world.records->list_images(query)->records.size() == 1);
  const auto by_member = share(import_world::who("b"), sharing(change::remove, "b"));
  REQUIRE_FALSE(by_member);
  CHECK(by_member.error().code == error_code::forbidden);
  REQUIRE(share(import_world::who("a"), sharing(change::remove, "b")));
  CHECK(world.records->members_of(id).empty());
  CHECK(world.records->list_images(query)->records.empty());
}

TEST_CASE("whoever waits when the registry ends is told that the service is stopping") {
  import_world world;
  const auto id = created(world).id;
  auto pending = world.actors_.self->request(world.images, caf::timespan{1h}, actors::update_atom_v,
                                             import_world::who("a"), id, patch_of("key", "\"value\""));
  caf::anon_send_exit(world.keeper, caf::exit_reason::kill);
  caf::anon_send_exit(world.images, caf::exit_reason::user_shutdown);
  world.settle();
  pending.receive([](const image&) { FAIL("nobody could have written it"); },
                  [](const caf::error& why) { CHECK(actors::to_failure(why).code == error_code::service_stopping); });
}

TEST_CASE("more changes than may wait are asked to try again, and the line goes on") {
  import_world world;
  const auto id = created(world).id;
  std::vector<decltype(world.actors_.self->request(world.images, caf::timespan{1h}, actors::act_atom_v,
                                                   import_world::who("a"), id, schemas::image_action{}))>
      pending;
  constexpr auto bound = actors::image_registry_state::max_waiting;
  schemas::image_action tag;
  tag.tag = "tag";
  for (std::size_t i = 0; i <= bound; ++i)
    pending.push_back(world.actors_.self->request(world.images, caf::timespan{1h}, actors::act_atom_v,
                                                  import_world::who("a"), id, tag));
  world.settle();
  std::size_t made = 0, refused = 0;
  for (auto& each : pending)
    each.receive([&](const image&) { ++made; },
                 [&](const caf::error& why) {
                   CHECK(actors::to_failure(why).code == error_code::overloaded);
                   ++refused;
                 });
  CHECK(made == bound);
  CHECK(refused == 1);
}
