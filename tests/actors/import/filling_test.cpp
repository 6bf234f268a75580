// SPDX-License-Identifier: Apache-2.0
// Imports into an image that has a record of its own: uploads, staged bytes, interoperable imports.
#include <catch2/catch.hpp>

#include "actors/import/image_import.hpp"
#include "actors/import/image_moves.hpp"
#include "schemas/interoperable_import.hpp"
#include "tests/support/import_world.hpp"

using namespace sluice;
using namespace std::chrono_literals;
using schemas::error_code;
using schemas::image;
using schemas::image_import;
using schemas::image_import_status;
using schemas::image_status;
using schemas::import_origin;
using tests::import_world;

namespace {

const std::string task_mark{schemas::import_marks::task};
const std::string left_mark{schemas::import_marks::stores_left};
const std::string failed_mark{schemas::import_marks::stores_failed};

image queued(import_world& world) {
  image draft;
  draft.properties.name = "mine";
  const auto made = world.actors_.ask<image>(world.images, actors::create_atom_v, import_world::who("a"), draft);
  REQUIRE(made);
  return *made;
}

image_import draft_for(import_world& world, const image& subject, import_origin origin) {
  auto draft = import_world::draft();
  draft.image_id = subject.id;
  draft.origin = origin;
  draft.request_id = "req-1";
  if (origin != import_origin::interoperable) {
    static int count = 0;
    draft.id = "0d3b6c1e-0000-4000-8000-" + std::to_string(100'000'000'000 + ++count);
    draft.request.location = std::string{actors::pushed_location} + draft.id;
    (void)world.uploads.add(draft.id, std::nullopt);
  }
  return draft;
}

schemas::result<image_import> begin(import_world& world, const image& subject, import_origin origin) {
  auto begun =
      world.actors_.ask<image_import>(world.supervisor, actors::create_atom_v, draft_for(world, subject, origin));
  world.settle();
  return begun;
}

image now(import_world& world, const image& subject) {
  const auto found = world.records->find_image(subject.id);
  REQUIRE(found);
  return *found;
}

void bytes_arrive(import_world& world, const image_import& record) {
  world.stage(record.id);
  world.runner.end(record.id, import_world::staged_outcome());
  world.settle();
}

image_import wish_for(const image& subject) {
  image_import wish;
  wish.image_id = subject.id;
  wish.origin = import_origin::interoperable;
  wish.request_id = "req-2";
  wish.asked = "{}";
  return wish;
}

schemas::result<image_import> release(import_world& world, const image& subject) {
  auto released = world.actors_.ask<image_import>(world.supervisor, actors::release_atom_v, wish_for(subject));
  world.settle();
  return released;
}

void remove(import_world& world, const image& subject) {
  auto pending = world.actors_.self->request(world.lifetimes, caf::timespan{1h}, actors::remove_atom_v,
                                             import_world::who("a"), subject.id);
  world.settle();
  bool removed = false;
  pending.receive([&](actors::done_atom) { removed = true; }, [](const caf::error&) {});
  CHECK(removed);
}

void check_nothing_left(import_world& world) {
  CHECK(world.blobs->staged_ids().empty());
  CHECK(world.blobs->image_ids().empty());
  CHECK(world.records->live_imports().empty());
}

}  // namespace

TEST_CASE("every step of an import is a legal move of its image") {
  image_import record;
  record.facts = import_world::staged_outcome().facts;
  for (const auto origin : {import_origin::upload, import_origin::stage, import_origin::interoperable}) {
    record.origin = origin;
    image subject;
    subject.status = image_status::queued;
    REQUIRE(apply(actors::begin_of(record), subject));
    CHECK_FALSE(apply(actors::begin_of(record), subject));  // it is taken
    auto failed = subject;
    CHECK(apply(actors::failure_of(record), failed));
    CHECK(failed.status == image_status::queued);
    CHECK_FALSE(failed.properties.extra.contains(task_mark));
    if (origin == import_origin::stage) {
      REQUIRE(apply(actors::staged_of(record), subject));
      CHECK(subject.facts->size == record.facts->size);
      record.origin = import_origin::interoperable;
      REQUIRE(apply(actors::release_of(record), subject));
    }
    REQUIRE(apply(actors::success_of(record), subject));
    CHECK(subject.status == image_status::active);
    CHECK(subject.facts == record.facts);
    CHECK_FALSE(subject.properties.extra.contains(task_mark));
  }
}

TEST_CASE("an upload takes its image and gives it its bytes, both ends in one transaction") {
  import_world world;
  const auto subject = queued(world);
  const auto record = begin(world, subject, import_origin::upload);
  REQUIRE(record);
  CHECK(record->image_id == subject.id);
  CHECK(now(world, subject).status == image_status::saving);
  REQUIRE_FALSE(begin(world, subject, import_origin::upload));
  REQUIRE_FALSE(begin(world, subject, import_origin::interoperable));
  bytes_arrive(world, *record);
  const auto filled = now(world, subject);
  CHECK(filled.status == image_status::active);
  CHECK(filled.properties.name == "mine");
  CHECK(filled.properties.disk_format == "qcow2");
  CHECK(filled.facts->size == 21);
  CHECK(world.record(record->id).status == image_import_status::success);
  CHECK(world.blobs->open_image(subject.id));
  CHECK(world.records->imports_of_image(subject.id, 10).size() == 1);
}

TEST_CASE("an interoperable import marks its image while it runs, and takes the marks off") {
  import_world world;
  const auto subject = queued(world);
  const auto record = begin(world, subject, import_origin::interoperable);
  REQUIRE(record);
  auto seen = now(world, subject);
  CHECK(seen.status == image_status::importing);
  CHECK(seen.properties.extra.at(task_mark) == record->id);
  CHECK(seen.properties.extra.at(left_mark) == schemas::store_id);
  CHECK(seen.properties.extra.at(failed_mark).empty());

  SECTION("when it succeeds") {
    bytes_arrive(world, *record);
    seen = now(world, subject);
    CHECK(seen.status == image_status::active);
    CHECK(seen.properties.extra.at(failed_mark).empty());
  }
  SECTION("when it fails, saying where") {
    world.runner.end(record->id, import_world::failed_outcome(error_code::source_status, "404"));
    world.settle();
    seen = now(world, subject);
    CHECK(seen.status == image_status::queued);
    CHECK(seen.properties.extra.at(failed_mark) == schemas::store_id);
    CHECK_FALSE(seen.facts);
    check_nothing_left(world);
    CHECK(begin(world, subject, import_origin::interoperable));
    return;
  }
  CHECK_FALSE(seen.properties.extra.contains(task_mark));
  CHECK(seen.properties.extra.at(left_mark).empty());
}

TEST_CASE("changes of an image while its import runs are kept") {
  import_world world;
  const auto subject = queued(world);
  const auto record = begin(world, subject, import_origin::interoperable);
  schemas::image_change rename;
  rename.attribute = "name";
  rename.value = "\"renamed\"";
  actors::image_patch patch;
  patch.changes.push_back(rename);
  REQUIRE(world.actors_.ask<image>(world.images, actors::update_atom_v, import_world::who("a"), subject.id, patch));
  bytes_arrive(world, *record);
  CHECK(now(world, subject).properties.name == "renamed");
  CHECK(now(world, subject).status == image_status::active);
}

TEST_CASE("staged bytes wait without a slot until they are imported") {
  schemas::imports_configuration one;
  one.max_running = 1;
  import_world world{one};
  const auto subject = queued(world);
  REQUIRE_FALSE(release(world, subject));
  const auto record = begin(world, subject, import_origin::stage);
  REQUIRE(record);
  CHECK(now(world, subject).status == image_status::uploading);
  REQUIRE_FALSE(release(world, subject));
  bytes_arrive(world, *record);
  CHECK(world.record(record->id).is_staged());
  CHECK(now(world, subject).status == image_status::uploading);
  CHECK(now(world, subject).facts->size == 21);
  CHECK(world.structure.started == 0);
  const auto other = world.accept();  // the only slot is free
  CHECK(world.runner.runs.contains(other.id));

  SECTION("by their owner's word") {
    const auto released = release(world, subject);
    REQUIRE(released);
    CHECK(released->id == record->id);
    const auto done = world.record(record->id);
    CHECK(done.status == image_import_status::success);
    CHECK(done.origin == import_origin::interoperable);
    CHECK(done.request_id == "req-2");
    CHECK(now(world, subject).status == image_status::active);
    REQUIRE_FALSE(release(world, subject));
  }
  SECTION("or are judged and refused then") {
    world.structure.waits = true;
    REQUIRE(release(world, subject));
    CHECK(now(world, subject).status == image_status::importing);
    world.structure.end(record->id, tests::scripted_check::refused(error_code::image_corrupt, "broken"));
    world.settle();
    CHECK(now(world, subject).status == image_status::queued);
    CHECK(now(world, subject).properties.extra.at(failed_mark) == schemas::store_id);
    CHECK(world.blobs->staged_ids().empty());
  }
  SECTION("or are given up after the deadline") {
    world.clock.time += world.limits.deadline;
    world.actors_.advance(actors::image_import_state::hold_look);
    world.settle();
    CHECK(world.record(record->id).why->code == error_code::deadline_exceeded);
    CHECK(now(world, subject).status == image_status::queued);
    CHECK(world.blobs->staged_ids().empty());
  }
  SECTION("or until the image is deleted") {
    remove(world, subject);
    CHECK(world.blobs->staged_ids().empty());
    CHECK(world.record(record->id).why->code == error_code::cancelled);
    CHECK_FALSE(world.records->find_image(subject.id));
  }
}

TEST_CASE("a signature that changed after the bytes were staged is not taken for verified") {
  const std::map<std::string, std::string> some{
      {"img_signature", "c2lnbmVk"},
      {"img_signature_hash_method", "SHA-256"},
      {"img_signature_key_type", "RSA-PSS"},
      {"img_signature_certificate_uuid", "4c0b6c1e-0000-4000-8000-000000000001"}};
  auto other = some;
  other["img_signature"] = "b3RoZXI=";
  auto part = some;
  part.erase("img_signature");
  auto more = some;
  more["os_distro"] = "debian";
  using properties = std::map<std::string, std::string>;
  for (const auto& [staged, now, why] :
       std::vector<std::tuple<properties, properties, error_code>>{{some, some, error_code::none},
                                                                   {some, more, error_code::none},
                                                                   {{}, {{"os_distro", "debian"}}, error_code::none},
                                                                   {{}, some, error_code::conflict},
                                                                   {some, {}, error_code::conflict},
                                                                   {some, other, error_code::conflict},
                                                                   {{}, part, error_code::invalid_request}}) {
    import_world world;
    const auto subject = queued(world);
    auto draft = draft_for(world, subject, import_origin::stage);
    draft.request.properties.extra = staged;
    const auto record = world.actors_.ask<image_import>(world.supervisor, actors::create_atom_v, draft);
    world.settle();
    REQUIRE(record);
    bytes_arrive(world, *record);
    auto wish = wish_for(subject);
    wish.request.properties.extra = now;
    auto released = world.actors_.ask<image_import>(world.supervisor, actors::release_atom_v, wish);
    world.settle();
    CAPTURE(staged.size(), now.size());
    if (why == error_code::none) {
      CHECK(released);
      continue;
    }
    REQUIRE_FALSE(released);
    CHECK(released.error().code == why);
    CHECK(world.record(record->id).is_staged());  // it can be imported still, when the properties are back
    remove(world, subject);
  }
}

TEST_CASE("deleting an image ends what fills it, and no byte stays, at whatever moment") {
  import_world world;
  const auto subject = queued(world);
  const auto record = begin(world, subject, import_origin::interoperable);
  REQUIRE(record);
  SECTION("while it is fetched") {
    auto pending = world.actors_.self->request(world.lifetimes, caf::timespan{1h}, actors::remove_atom_v,
                                               import_world::who("a"), subject.id);
    world.settle();
    REQUIRE(world.runner.runs.at(record->id).asked_to_stop);
    world.runner.end(record->id, {});
    world.settle();
    bool removed = false;
    pending.receive([&](actors::done_atom) { removed = true; }, [](const caf::error&) {});
    CHECK(removed);
  }
  SECTION("while it is published") {
    world.stage(record->id);
    world.runner.end(record->id, import_world::staged_outcome());
    world.actors_.deliver_messages();
    REQUIRE_FALSE(world.files.waiting.empty());
    remove(world, subject);
  }
  SECTION("behind its back") {
    REQUIRE(world.actors_.ask<image>(world.images, actors::remove_atom_v, import_world::who("a"), subject.id));
    bytes_arrive(world, *record);
  }
  CHECK_FALSE(world.records->find_image(subject.id));
  CHECK(world.record(record->id).status == image_import_status::failure);
  CHECK(world.record(record->id).why->code == error_code::cancelled);
  check_nothing_left(world);
}

TEST_CASE("cancelling an import gives its image back") {
  import_world world;
  const auto subject = queued(world);
  const auto record = begin(world, subject, import_origin::interoperable);
  auto pending = world.actors_.self->request(world.supervisor, caf::timespan{1h}, actors::cancel_atom_v,
                                             import_world::who("a"), record->id);
  world.settle();
  world.runner.end(record->id, {});
  world.settle();
  bool cancelled = false;
  pending.receive([&](actors::done_atom) { cancelled = true; }, [](const caf::error&) {});
  CHECK(cancelled);
  CHECK(now(world, subject).status == image_status::queued);
  check_nothing_left(world);
}

TEST_CASE("after a restart an import goes on, staged bytes wait on, and an interrupted upload fails") {
  import_world world;
  struct {
    image upload, stage, fetch;
  } subjects{queued(world), queued(world), queued(world)};
  const auto upload = begin(world, subjects.upload, import_origin::upload);
  const auto stage = begin(world, subjects.stage, import_origin::stage);
  const auto fetch = begin(world, subjects.fetch, import_origin::interoperable);
  bytes_arrive(world, *stage);
  world.stage(upload->id);

  // What a process knows and runs is gone with it.
  world.actors_.self->send_exit(world.supervisor, caf::exit_reason::user_shutdown);
  world.settle();
  world.uploads.remove(upload->id);
  world.uploads.remove(stage->id);
  const auto slots = world.actors_.spawn(actors::admission, actors::limits_of(world.limits), &world.metrics);
  const auto again = world.actors_.spawn(actors::import_supervisor, world.keeper, slots, world.surroundings());
  const auto runs_before = world.runner.started;
  CHECK(world.actors_.ask<std::uint64_t>(again, actors::recover_atom_v) == 3);
  world.settle();
  CHECK(world.runner.started == runs_before + 1);
  CHECK(world.runner.runs.contains(fetch->id));
  CHECK(world.record(upload->id).why->code == error_code::service_stopping);
  CHECK(now(world, subjects.upload).status == image_status::queued);
  CHECK(world.record(stage->id).is_staged());
  CHECK(now(world, subjects.stage).status == image_status::uploading);
  CHECK(world.blobs->staged_ids() == std::vector<std::string>{stage->id});
  image_import wish;
  wish.image_id = subjects.stage.id;
  wish.origin = import_origin::interoperable;
  REQUIRE(world.actors_.ask<image_import>(again, actors::release_atom_v, wish));
  world.settle();
  CHECK(now(world, subjects.stage).status == image_status::active);
}
