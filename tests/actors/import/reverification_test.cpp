// SPDX-License-Identifier: Apache-2.0
#include "actors/reverification/reverification.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <span>

#include <catch2/catch.hpp>

#include "actors/pipeline/lanes.hpp"
#include "tests/support/import_world.hpp"

using namespace sluice;
using namespace std::chrono_literals;
using actors::examined_as;
using actors::reverification_report;
using actors::reverification_state;
using schemas::error_code;
using tests::import_world;
using tests::scripted_check;

namespace {

/// Looks at nothing: the test says what it saw.
class scripted_examiner final : public actors::image_examiner {
 public:
  void list(std::function<void(std::vector<std::string>)> on_end) override { listing = std::move(on_end); }
  void examine(const std::string& image_id, std::function<void(actors::examination)> on_end) override {
    current = image_id;
    examining = std::move(on_end);
  }
  void cancel() override { ++cancels; }
  [[nodiscard]] std::uint64_t bytes() const noexcept override { return read; }

  void see(examined_as as, std::string message = {}) {
    const auto on_end = std::move(examining);
    examining = nullptr;
    on_end({as, std::move(message)});
  }
  std::function<void(std::vector<std::string>)> listing;
  std::function<void(actors::examination)> examining;
  std::string current;
  int cancels = 0;
  std::uint64_t read = 0;
};

class reverified_world : public import_world {
 public:
  scripted_examiner examiner;
  actors::reverification_actor subject;

  explicit reverified_world(bool quarantines = false) {
    actors::reverification_surroundings around{examiner, *records, clock, metrics, quarantines, images};
    subject = actors_.spawn(actors::reverification, std::move(around));
  }
  [[nodiscard]] schemas::result<reverification_report> begin(std::string image = {}) {
    return actors_.ask<reverification_report>(subject, actors::verify_atom_v, std::move(image));
  }
  [[nodiscard]] reverification_report report() {
    return *actors_.ask<reverification_report>(subject, actors::report_atom_v);
  }
  void listed(std::vector<std::string> ids) {
    examiner.listing(std::move(ids));
    actors_.deliver_messages();
  }
  void sees(examined_as as, std::string message = {}) {
    examiner.see(as, std::move(message));
    actors_.deliver_messages();
  }
};

/// An image in the store and its record, by an import that succeeded.
std::string stored(import_world& world, const std::string& content) {
  const auto id = world.accept().id;
  world.stage(id, content);
  auto outcome = import_world::staged_outcome(content.size());
  const auto digest = [&](const char* algorithm) {
    actors::digest_lane lane{algorithm};
    REQUIRE(lane.consume(std::as_bytes(std::span{content})));
    REQUIRE(lane.finish());
    return lane.value();
  };
  outcome.facts->md5 = digest("md5");
  outcome.facts->os_hash_value = digest("sha512");
  world.runner.end(id, std::move(outcome));
  world.settle();
  REQUIRE(world.record(id).status == schemas::image_import_status::success);
  return world.record(id).image_id;
}

/// Says the same of every image.
class fixed_check final : public actors::check {
 public:
  explicit fixed_check(schemas::check_verdict verdict) : verdict_{verdict} {}
  [[nodiscard]] std::string_view name() const noexcept override { return "fixed"; }
  [[nodiscard]] std::function<void()> start(const actors::judged_image&,
                                            std::function<void(actors::check_report)> on_end) override {
    auto report = scripted_check::refused(error_code::image_corrupt, "Two copies differ.");
    report.verdict = verdict_;
    on_end(std::move(report));
    return [] {};
  }

 private:
  const schemas::check_verdict verdict_;
};

actors::examination seen(actors::stored_image_examiner& examiner, const std::string& id) {
  std::promise<actors::examination> promise;
  auto future = promise.get_future();
  examiner.examine(id, [&](actors::examination found) { promise.set_value(std::move(found)); });
  REQUIRE(future.wait_for(60s) == std::future_status::ready);
  return future.get();
}

}  // namespace

TEST_CASE("a service that has not been asked has looked at nothing") {
  reverified_world world;
  CHECK(world.report().state == reverification_state::idle);
  CHECK_FALSE(world.examiner.listing);
}

TEST_CASE("every image is looked at in turn, and what is found is counted and kept") {
  reverified_world world;
  REQUIRE(world.begin()->state == reverification_state::running);
  CHECK(world.report().images == 0);
  world.listed({"a", "b", "c", "d"});
  CHECK(world.report().images == 4);
  CHECK(world.report().current == "a");
  world.examiner.read = 1000;
  CHECK(world.report().bytes == 1000);
  world.sees(examined_as::sound);
  CHECK(world.examiner.current == "b");
  world.sees(examined_as::damaged, "Other bytes.");
  world.sees(examined_as::gone);
  world.sees(examined_as::unknown, "The service is busy.");
  const auto report = world.report();
  CHECK(report.state == reverification_state::finished);
  CHECK(report.ended_at != 0);
  CHECK(report.current.empty());
  CHECK((report.sound == 1 && report.damaged == 1 && report.gone == 1 && report.unknown == 1));
  REQUIRE(report.findings.size() == 2);
  CHECK(report.findings[0].image_id == "b");
  CHECK(report.findings[0].message == "Other bytes.");
  CHECK_FALSE(report.findings[0].quarantined);
  CHECK(report.findings[1].as == examined_as::unknown);
  CHECK(world.metrics.reverified[static_cast<std::size_t>(examined_as::damaged)].value() == 1);
  // A second run begins anew.
  REQUIRE(world.begin());
  world.listed({});
  CHECK(world.report().state == reverification_state::finished);
  CHECK(world.report().findings.empty());
}

TEST_CASE("one image can be asked for, if it is there") {
  reverified_world world;
  CHECK(world.begin("0d3b6c1e-0000-4000-8000-000000000009").error().code == error_code::not_found);
  const auto id = stored(world, "the bytes of an image");
  REQUIRE(world.begin(id));
  CHECK(world.report().image_id == id);
  CHECK(world.report().images == 1);
  world.sees(examined_as::sound);
  CHECK(world.report().state == reverification_state::finished);
}

TEST_CASE("there is one run at a time, and it can be ended") {
  reverified_world world;
  REQUIRE(world.begin());
  world.listed({"a", "b"});
  CHECK(world.begin().error().code == error_code::conflict);
  const auto report = world.actors_.ask<reverification_report>(world.subject, actors::cancel_atom_v);
  REQUIRE(report);
  CHECK(report->state == reverification_state::cancelled);
  CHECK(world.examiner.cancels == 1);
  // What was in hand comes to its end later, and belongs to nobody.
  world.sees(examined_as::unknown, "It was cancelled.");
  CHECK(world.report().findings.empty());
  REQUIRE(world.begin());
  CHECK(world.actors_.ask<reverification_report>(world.subject, actors::cancel_atom_v));
  CHECK(world.actors_.ask<reverification_report>(world.subject, actors::cancel_atom_v)->state ==
        reverification_state::cancelled);
}

TEST_CASE("damaged images are taken out of service when the operator wants that, others never") {
  const bool quarantines = GENERATE(true, false);
  reverified_world world{quarantines};
  const auto busy = stored(world, "one"), damaged = stored(world, "two");
  REQUIRE(world.begin());
  world.listed({busy, damaged});
  world.sees(examined_as::unknown, "Busy.");
  world.sees(examined_as::damaged, "Other bytes.");
  world.settle();
  const auto status = [&](const std::string& id) { return world.records->find_image(id)->status; };
  CHECK(status(busy) == schemas::image_status::active);
  CHECK(status(damaged) == (quarantines ? schemas::image_status::deactivated : schemas::image_status::active));
  CHECK_FALSE(world.report().findings[0].quarantined);
  CHECK(world.report().findings[1].quarantined == quarantines);
}

TEST_CASE("a service that stops waits for what is being looked at, and begins nothing") {
  reverified_world world;
  REQUIRE(world.begin());
  world.listed({"a", "b"});
  bool paused = false;
  auto pending = world.actors_.self->request(world.subject, caf::timespan{1h}, actors::pause_atom_v);
  world.actors_.deliver_messages();
  CHECK(world.examiner.cancels == 1);
  world.sees(examined_as::unknown);
  pending.receive([&](actors::done_atom) { paused = true; }, [](const caf::error&) {});
  CHECK(paused);
  CHECK(world.begin().error().code == error_code::service_stopping);
}

TEST_CASE("bytes that are those of the record, with sound tables, are sound; all else is told apart") {
  import_world world;
  const auto id = stored(world, "the bytes of an image");
  actors::stored_image_examiner examiner{
      {*world.records, *world.blobs, world.structure, actors::gate::always_open(), world.metrics}};
  CHECK(seen(examiner, id).as == examined_as::sound);
  CHECK(examiner.bytes() == 21);
  CHECK(seen(examiner, "0d3b6c1e-0000-4000-8000-000000000009").as == examined_as::gone);

  const auto path = world.directory.path() / "images" / id;
  SECTION("a bit that has changed on the disk is found") {
    REQUIRE(::chmod(path.c_str(), 0600) == 0);
    const persistence::unique_fd file{::open(path.c_str(), O_WRONLY)};
    REQUIRE(::pwrite(file.get(), "T", 1, 0) == 1);
    const auto found = seen(examiner, id);
    CHECK(found.as == examined_as::damaged);
    CHECK(found.message.find("not those that were stored") != std::string::npos);
  }
  SECTION("a file that was cut off is found") {
    REQUIRE(::chmod(path.c_str(), 0600) == 0);
    REQUIRE(::truncate(path.c_str(), 5) == 0);
    CHECK(seen(examiner, id).as == examined_as::damaged);
  }
  SECTION("a file that is missing is found") {
    REQUIRE(::unlink(path.c_str()) == 0);
    const auto found = seen(examiner, id);
    CHECK(found.as == examined_as::damaged);
    CHECK(found.message.find("missing") != std::string::npos);
  }
  SECTION("what the walk refuses now is damaged; when it cannot run, nobody knows") {
    for (const auto verdict : {schemas::check_verdict::refused, schemas::check_verdict::failed}) {
      fixed_check walk{verdict};
      actors::stored_image_examiner strict{{*world.records, *world.blobs, walk}};
      CHECK(seen(strict, id).as ==
            (verdict == schemas::check_verdict::refused ? examined_as::damaged : examined_as::unknown));
    }
  }
}

TEST_CASE("all images are listed, whoever owns them, page after page") {
  import_world world;
  const auto first = stored(world, "one"), second = stored(world, "two");
  actors::stored_image_examiner examiner{
      {*world.records, *world.blobs, world.structure, actors::gate::always_open(), world.metrics}};
  std::promise<std::vector<std::string>> promise;
  auto future = promise.get_future();
  examiner.list([&](std::vector<std::string> ids) { promise.set_value(std::move(ids)); });
  auto ids = future.get();
  std::ranges::sort(ids);
  auto expected = std::vector{first, second};
  std::ranges::sort(expected);
  CHECK(ids == expected);
}
