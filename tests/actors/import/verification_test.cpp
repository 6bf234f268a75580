// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/checks/verifier.hpp"

#include <cstring>

#include <catch2/catch.hpp>

#include "actors/verification/checks/structure_check.hpp"
#include "tests/support/import_world.hpp"

using namespace sluice;
using namespace std::chrono_literals;
using schemas::check_verdict;
using schemas::error_code;
using schemas::image_import_status;
using tests::import_world;
using tests::scripted_check;

namespace {

/// An import whose bytes are staged, and which waits for its first check.
std::string under_judgement(import_world& world) {
  world.structure.waits = true;
  const auto id = world.accept().id;
  world.stage(id);
  world.runner.end(id, import_world::staged_outcome());
  world.settle();
  REQUIRE(world.structure.runs.contains(id));
  return id;
}

}  // namespace

TEST_CASE("an image is published only when every check has passed, and the record says what each one found") {
  import_world world;
  const auto id = under_judgement(world);
  CHECK(world.record(id).status == image_import_status::verifying);
  CHECK(world.progress.find(id)->phase == actors::import_phase::verifying);
  CHECK(world.structure.runs.at(id).image.about.disk_format == "qcow2");
  CHECK(world.scanner.started == 0);
  auto report = scripted_check::passed(2 << 20);
  report.remarks = {"The payload is encrypted."};
  world.structure.end(id, report);
  world.settle();
  const auto done = world.record(id);
  REQUIRE(done.status == image_import_status::success);
  REQUIRE(done.checks.size() == 2);
  CHECK(done.checks[0].name == "structure");
  CHECK(done.checks[0].verdict == check_verdict::passed);
  CHECK(done.checks[0].remarks == std::vector<std::string>{"The payload is encrypted."});
  CHECK(done.checks[1].name == "scanner");
  CHECK(world.records->find_image(done.image_id)->facts->virtual_size == 2 << 20);  // the tables', not the headers'
}

TEST_CASE("the first check that does not pass ends the import with its reason, and no byte is left") {
  import_world world;
  const auto id = under_judgement(world);
  world.structure.end(id, scripted_check::refused(error_code::overlapping_structures, "Two tables overlap."));
  world.settle();
  const auto done = world.record(id);
  CHECK(done.status == image_import_status::failure);
  REQUIRE(done.why);
  CHECK(done.why->code == error_code::overlapping_structures);
  CHECK(done.why->message == "Two tables overlap.");
  REQUIRE(done.checks.size() == 1);
  CHECK(done.checks[0].verdict == check_verdict::refused);
  CHECK(done.checks[0].message == "Two tables overlap.");
  CHECK(world.scanner.started == 0);
  CHECK(world.blobs->staged_ids().empty());
  CHECK(world.blobs->image_ids().empty());
}

TEST_CASE("an import cancelled while it is judged stops its check and leaves nothing") {
  import_world world;
  const auto id = under_judgement(world);
  auto pending = world.cancel(id);
  world.settle();
  REQUIRE(world.structure.runs.at(id).asked_to_stop);
  CHECK(world.record(id).status == image_import_status::verifying);
  SECTION("when the check ends as cancelled") {
    actors::check_report stopped;
    stopped.why = {error_code::cancelled, "stopped"};
    world.structure.end(id, stopped);
  }
  SECTION("when it passes at that very moment") {
    world.structure.end(id, scripted_check::passed());
  }
  world.settle();
  bool answered = false;
  pending.receive([&](actors::done_atom) { answered = true; }, [](const caf::error&) {});
  CHECK(answered);
  CHECK(world.record(id).status == image_import_status::failure);
  CHECK(world.record(id).why->code == error_code::cancelled);
  CHECK(world.blobs->staged_ids().empty());
  CHECK(world.blobs->image_ids().empty());
}

TEST_CASE("an import cancelled while it waits to be judged is never looked at") {
  import_world world;
  const auto first = under_judgement(world), second = under_judgement(world);
  const auto third = world.accept().id;
  world.stage(third);
  world.runner.end(third, import_world::staged_outcome());
  world.settle();
  REQUIRE(world.structure.started == 2);  // two at once
  auto pending = world.cancel(third);
  world.settle();
  bool answered = false;
  pending.receive([&](actors::done_atom) { answered = true; }, [](const caf::error&) {});
  CHECK(answered);
  CHECK(world.record(third).status == image_import_status::failure);
  world.structure.end(first, scripted_check::passed());
  world.structure.end(second, scripted_check::passed());
  world.settle();
  CHECK(world.structure.started == 2);
  CHECK(world.record(first).status == image_import_status::success);
  CHECK(world.record(second).status == image_import_status::success);
}

TEST_CASE("images are judged a bounded number at a time, in the order in which they came") {
  import_world world;
  std::vector<std::string> ids;
  world.structure.waits = true;
  for (int i = 0; i < 4; ++i) {
    ids.push_back(world.accept().id);
    world.stage(ids.back());
    world.runner.end(ids.back(), import_world::staged_outcome());
    world.settle();
  }
  CHECK(world.structure.runs.size() == 2);
  world.structure.end(ids[1], scripted_check::passed());
  world.settle();
  CHECK(world.structure.runs.contains(ids[2]));
  CHECK_FALSE(world.structure.runs.contains(ids[3]));
}

TEST_CASE("an import keeps its slot until it is judged") {
  schemas::imports_configuration one;
  one.max_running = 1;
  import_world world{one};
  const auto id = under_judgement(world);
  const auto next = world.accept("b").id;
  CHECK(world.record(next).status == image_import_status::waiting);
  world.structure.end(id, scripted_check::passed());
  world.settle();
  CHECK(world.record(next).status == image_import_status::uploading);
}

TEST_CASE("a pause stops the checks, and what was being judged stays so for the next start") {
  import_world world;
  const auto id = under_judgement(world);
  auto pending = world.actors_.self->request(world.supervisor, caf::timespan{1h}, actors::pause_atom_v);
  world.settle();
  REQUIRE(world.structure.runs.at(id).asked_to_stop);
  actors::check_report stopped;
  stopped.why = {error_code::cancelled, "stopped"};
  world.structure.end(id, stopped);
  world.settle();
  bool paused = false;
  pending.receive([&](actors::done_atom) { paused = true; }, [](const caf::error&) {});
  CHECK(paused);
  CHECK(world.record(id).status == image_import_status::verifying);
  CHECK(world.record(id).checks.empty());
  CHECK(world.blobs->staged_ids() == std::vector{id});
}

TEST_CASE("an import's actor that dies while it is judged stops the check and is judged again") {
  import_world world;
  const auto id = under_judgement(world);
  const auto live = caf::actor_cast<actors::import_supervisor_actor::stateful_pointer<actors::import_supervisor_state>>(
                        world.supervisor)
                        ->state.live;
  caf::anon_send_exit(live.at(id), caf::exit_reason::kill);
  world.settle();
  REQUIRE(world.structure.runs.at(id).asked_to_stop);
  world.structure.end(id, scripted_check::passed());
  world.settle();
  CHECK(world.record(id).status == image_import_status::verifying);  // nobody heard it
  world.actors_.advance(2s);
  world.settle();
  REQUIRE(world.structure.started == 2);
  world.structure.end(id, scripted_check::passed());
  world.settle();
  CHECK(world.record(id).status == image_import_status::success);
}

TEST_CASE("a verifier that dies tells who waits for it that the service is stopping") {
  import_world world;
  const auto id = under_judgement(world);
  caf::anon_send_exit(world.verifier, caf::exit_reason::user_shutdown);
  world.settle();
  CHECK(world.structure.runs.at(id).asked_to_stop);
  CHECK(world.record(id).status == image_import_status::verifying);
  CHECK(world.blobs->staged_ids() == std::vector{id});
}

TEST_CASE("checks are counted by verdict") {
  import_world world;
  const auto id = under_judgement(world);
  world.structure.end(id, scripted_check::refused(error_code::image_corrupt, "no"));
  world.settle();
  const auto refused = static_cast<std::size_t>(check_verdict::refused);
  CHECK(world.metrics.checks[0][refused].sum() >= 0);
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < world.metrics.checks[0][refused].buckets; ++bucket)
    seen += world.metrics.checks[0][refused].count(bucket);
  CHECK(seen == 1);
}

TEST_CASE("the end of a walk's process is the image's fault only when it took too much") {
  using namespace actors::verification::sandbox;
  const auto judged = [](sandbox_end end, int status) {
    sandbox_outcome outcome;
    outcome.end = end;
    outcome.status = status;
    return actors::report_of_walk(outcome);
  };
  const auto complex = judged(sandbox_end::out_of_processor_time, 9);
  CHECK(complex.verdict == check_verdict::refused);
  CHECK(complex.why.code == error_code::too_complex);
  for (const auto& broken :
       {judged(sandbox_end::crashed, 11), judged(sandbox_end::out_of_wall_time, 9), judged(sandbox_end::lost, 0),
        judged(sandbox_end::not_started, 0), judged(sandbox_end::finished, 0), judged(sandbox_end::finished, 1)}) {
    CHECK(broken.verdict == check_verdict::failed);
    CHECK(broken.why.code == error_code::verifier_failed);
    CHECK_FALSE(broken.why.message.empty());
  }
}
