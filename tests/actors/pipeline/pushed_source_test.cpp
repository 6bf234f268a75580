// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <thread>

#include "actors/uploads/pushed_source.hpp"
#include "tests/actors/pipeline/pipeline_fixture.hpp"

namespace sluice::test {
namespace {

using actors::pushed_body;
using schemas::error_code;
using schemas::failure;

/// A receiver on the test's own thread: waits for room as a session does.
class receiver {
 public:
  explicit receiver(std::shared_ptr<pushed_body> body) : body_{std::move(body)} {
    body_->tell_receiver([this] {
      const std::lock_guard guard{mutex_};
      woken_ = true;
      changed_.notify_all();
    });
  }
  ~receiver() { body_->tell_receiver({}); }

  /// Pushes in pieces of `piece`; false when the body was closed before all was in.
  bool push(std::span<const std::byte> content, std::size_t piece) {
    while (!content.empty()) {
      const auto room = wait_for_room();
      if (room.empty())
        return false;
      const auto count = std::min({room.size(), content.size(), piece});
      std::memcpy(room.data(), content.data(), count);
      body_->filled(count);
      content = content.subspan(count);
    }
    return true;
  }
  /// Empty once the body is closed.
  std::span<std::byte> wait_for_room() {
    for (;;) {
      if (body_->closed())
        return {};
      if (const auto room = body_->room(); !room.empty())
        return room;
      wait();
    }
  }
  void wait_until_closed() {
    while (!body_->closed())
      wait();
  }

 private:
  void wait() {
    std::unique_lock lock{mutex_};
    REQUIRE(changed_.wait_for(lock, patience, [this] { return std::exchange(woken_, false); }));
  }

  std::shared_ptr<pushed_body> body_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
};

class upload_fixture : public pipeline_fixture {
 public:
  explicit upload_fixture(std::chrono::milliseconds longest = std::chrono::minutes{5})
      : kinds{sources, board, longest} {
    runner = std::make_unique<actors::pipeline_runner>(kinds, *blobs, throttles, options);
  }
  ~upload_fixture() { runner.reset(); }

  static schemas::image_import upload() {
    auto made = record();
    made.request.location = std::string{actors::pushed_location} + made.id;
    return made;
  }

  actors::upload_board board;
  actors::source_switch kinds;
};

}  // namespace

TEST_CASE("what a client pushes is digested, judged and staged as if it had been fetched") {
  upload_fixture world;
  const auto content = raw_disk(3 * 1024 * 1024 + 512);
  const auto what = world.upload();
  for (const std::size_t piece : {std::size_t{1000}, std::size_t{65536}}) {
    CAPTURE(piece);
    const auto announced = piece == 1000 ? std::optional<std::uint64_t>{} : content->size();
    receiver client{world.board.add(what.id, announced)};
    auto end = world.start(what);
    CHECK(client.push(*content, piece));
    world.board.find(what.id)->complete();
    world.check_complete(world.wait(end), *content, what.id);
    world.check_all_returned();
    client.wait_until_closed();
    world.board.remove(what.id);
  }
}

TEST_CASE("a pushed body takes no byte before the pipeline wants it, and only a few that it has not taken") {
  pushed_body body{std::nullopt};
  CHECK(body.room().empty());
  CHECK_FALSE(body.opened());
  REQUIRE(body.open({}));
  for (std::size_t slot = 0; slot < pushed_body::slots; ++slot) {
    const auto room = body.room();
    REQUIRE(room.size() == pushed_body::slot_bytes);
    std::fill(room.begin(), room.end(), static_cast<std::byte>(slot));
    body.filled(room.size());
  }
  CHECK(body.room().empty());
  bytes taken(pushed_body::slot_bytes + 1);
  CHECK(body.take(taken) == taken.size());
  CHECK(taken.front() == std::byte{0});
  CHECK(taken.back() == std::byte{1});
  CHECK(body.room().size() == pushed_body::slot_bytes);
}

TEST_CASE("what came before a client's failure is taken, then the failure is told; the end is the end") {
  pushed_body body{std::nullopt};
  REQUIRE(body.open({}));
  body.room()[0] = std::byte{7};
  body.filled(1);
  body.fail(failure{error_code::source_stalled, "slow"});
  CHECK_FALSE(body.failed());
  bytes taken(8);
  CHECK(body.take(taken) == 1);
  REQUIRE(body.failed());
  CHECK(body.failed()->message == "slow");
  body.complete();
  CHECK_FALSE(body.ended());

  pushed_body whole{std::nullopt};
  REQUIRE(whole.open({}));
  whole.complete();
  whole.fail(failure{error_code::source_stalled, "too late to matter"});
  CHECK(whole.ended());
  CHECK_FALSE(whole.failed());
}

TEST_CASE("a client that goes away ends its import at once, without another attempt") {
  upload_fixture world;
  const auto content = raw_disk(1024 * 1024);
  const auto what = world.upload();
  receiver client{world.board.add(what.id, content->size())};
  auto end = world.start(what);
  CHECK(client.push(std::span{*content}.first(700'000), 50'000));
  world.board.find(what.id)->fail(failure{error_code::source_truncated, "The client went away."});
  const auto outcome = world.wait(end);
  REQUIRE(outcome.why);
  CHECK(outcome.why->code == error_code::source_truncated);
  CHECK(outcome.why->message == "The client went away.");
  CHECK_FALSE(world.blobs->open_staged(what.id));
  world.check_all_returned();
}

TEST_CASE("an upload that nobody pushes any more fails, and so does one that was taken before") {
  upload_fixture world;
  const auto what = world.upload();
  CHECK(world.failure_of(what).code == error_code::source_truncated);

  const auto body = world.board.add(what.id, std::nullopt);
  REQUIRE(body->open({}));
  body->close();
  CHECK(world.failure_of(what).code == error_code::source_truncated);

  auto resumed = what;
  resumed.durable_bytes = actors::block_pool::block_size;
  CHECK(world.failure_of(resumed).code == error_code::source_truncated);
}

TEST_CASE("an import that ends closes the body, so that its client stops") {
  upload_fixture world;
  const auto what = world.upload();
  SECTION("because it is stopped") {
    receiver client{world.board.add(what.id, std::nullopt)};
    auto end = world.start(what);
    CHECK_FALSE(client.wait_for_room().empty());
    world.running().stop(what.id);
    const auto outcome = world.wait(end);
    CHECK_FALSE(outcome.facts);
    client.wait_until_closed();
  }
  SECTION("because its bytes are no image") {
    receiver client{world.board.add(what.id, std::nullopt)};
    auto end = world.start(what);
    const bytes zeros(8 * 1024 * 1024);
    CHECK_FALSE(client.push(zeros, 65536));
    const auto outcome = world.wait(end);
    REQUIRE(outcome.why);
    CHECK(outcome.why->code == error_code::raw_unrecognised);
    client.wait_until_closed();
  }
  world.check_all_returned();
}

TEST_CASE("an upload that falls silent is given up") {
  upload_fixture world{std::chrono::milliseconds{20}};
  const auto what = world.upload();
  receiver client{world.board.add(what.id, std::nullopt)};
  CHECK(world.failure_of(what).code == error_code::source_stalled);
}

TEST_CASE("a length that differs from the expected one is refused before the first byte of an upload") {
  upload_fixture world;
  auto what = world.upload();
  what.request.expect.size = 5;
  const auto body = world.board.add(what.id, 6);
  CHECK(world.failure_of(what).code == error_code::size_mismatch);
  CHECK(body->closed());
}

TEST_CASE("sources that are not uploads are fetched") {
  upload_fixture world;
  const auto content = raw_disk(100 * 1024);
  world.sources.play({serving(content)});
  const auto what = world.record();
  world.check_complete(world.run(what), *content, what.id);
}

}  // namespace sluice::test
