// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "tests/actors/pipeline/pipeline_fixture.hpp"

using namespace sluice;
using namespace sluice::test;
using schemas::error_code;

namespace {}  // namespace

TEST_CASE_METHOD(pipeline_fixture, "a lost connection is resumed at the exact byte, in the middle of a block") {
  const auto content = raw_disk(block * 6 + 1024);
  auto first = serving(content);
  first.fail_at = block + 12'345;
  auto second = serving(content);
  second.fail_at = block * 4 + 1;
  sources.play({first, second, serving(content)});
  const auto what = record();
  const auto outcome = run(what);
  check_complete(outcome, *content, what.id);
  const auto opened = sources.log->opened();
  REQUIRE(opened.size() == 3);
  CHECK(opened[0].offset == 0);
  CHECK(opened[1].offset == block + 12'345);
  CHECK(opened[1].validator == "\"v1\"");
  CHECK(opened[2].offset == block * 4 + 1);
  CHECK(sources.log->given == content->size());
  check_all_returned();
}

TEST_CASE_METHOD(pipeline_fixture, "a source that starts over or has changed gives a wholly new image") {
  const auto old_content = raw_disk(block * 4, 1);
  const auto new_content = raw_disk(block * 3 + 512, 2);
  auto first = serving(old_content);
  first.fail_at = block * 2 + 100;
  auto second = serving(new_content);
  second.validator = "\"v2\"";
  SECTION("it offers byte 0 although more was asked for") {
    sources.play({first, second});
  }
  SECTION("it says so") {
    first.failure = actors::source_failure{schemas::failure{error_code::source_changed, "It changed."}, false};
    sources.play({first, second});
  }
  SECTION("it has no validator and announces nothing") {
    first.announces = second.announces = false;
    first.validator = second.validator = "";
    second.starts_over = true;
    sources.play({first, second});
  }
  const auto what = record();
  const auto outcome = run(what);
  check_complete(outcome, *new_content, what.id);
  check_all_returned();
}

TEST_CASE_METHOD(pipeline_fixture, "a stopped import goes on from its checkpoint and ends the same") {
  const auto content = raw_disk(block * 24 + 512);
  auto stalling = serving(content);
  stalling.stall_at = block * 11 + 100;
  sources.play({stalling, serving(content)});
  auto what = record();
  sources.log->on_bytes = [&](const std::string&, std::uint64_t at) {
    if (at == block * 11 + 100)
      running().stop(what.id);
  };
  const auto stopped = run(what);
  CHECK_FALSE(stopped.facts);
  CHECK_FALSE(stopped.why);
  check_all_returned();
  const auto reached = checkpoints_of(what.id);
  REQUIRE_FALSE(reached.empty());
  CHECK(reached.back().durable_bytes == block * 11);
  CHECK(reached.back().validator == "\"v1\"");
  CHECK(reached.back().total == content->size());

  what.durable_bytes = reached.back().durable_bytes;
  what.validator = reached.back().validator;
  what.total = reached.back().total;
  SECTION("with the staged file as it was") {
    sources.log->given = 0;
    check_complete(run(what), *content, what.id);
    CHECK(sources.log->opened().back().offset == block * 11);
    CHECK(sources.log->given == content->size() - block * 11);
  }
  SECTION("with more in the file than was durable") {
    auto file = blobs->open_staged(what.id);
    REQUIRE(file);
    what.durable_bytes = block * 7;
    check_complete(run(what), *content, what.id);
    CHECK(sources.log->opened().back().offset == block * 7);
  }
  SECTION("with the staged file lost") {
    REQUIRE(blobs->remove_staged(what.id));
    check_complete(run(what), *content, what.id);
    CHECK(sources.log->opened().back().offset == 0);
  }
  SECTION("with another image at the location") {
    const auto other = raw_disk(block * 3, 7);
    auto attempt = serving(other);
    attempt.validator = "\"v9\"";
    sources.play({attempt});
    check_complete(run(what), *other, what.id);
    // The old bytes are taken back; how many of the new ones a checkpoint then covers depends on the clock.
    const auto told = checkpoints_of(what.id);
    CHECK(std::any_of(told.begin(), told.end(), [](const auto& point) { return point.durable_bytes == 0; }));
  }
}

TEST_CASE_METHOD(pipeline_fixture, "a resumed import that has every byte does not ask the source again") {
  const auto content = raw_disk(block * 4);
  auto what = record();
  {
    auto file = blobs->create_staged(what.id);
    REQUIRE(file);
    actors::block_pool pool{1};
    boost::asio::io_context context;
    std::vector<std::byte> padded(content->size() + 4096);
    auto* const begin = padded.data() + (4096 - reinterpret_cast<std::uintptr_t>(padded.data()) % 4096) % 4096;
    std::memcpy(begin, content->data(), content->size());
    REQUIRE(file->write_at(0, std::span<const std::byte>{begin, content->size()}));
    REQUIRE(file->sync(content->size()));
  }
  what.durable_bytes = content->size();
  what.total = content->size();
  check_complete(run(what), *content, what.id);
  CHECK(sources.log->opened().empty());
}

TEST_CASE_METHOD(pipeline_fixture, "checkpoints only grow, name whole blocks, and come while bytes arrive") {
  options.checkpoint_interval = std::chrono::milliseconds{1};
  const auto content = raw_disk(block * 40);
  auto attempt = serving(content);
  attempt.stall_at = block * 39;
  sources.play({attempt});
  const auto what = record();
  auto end = start(what);
  // The source waits: a checkpoint over all that came must follow without another byte.
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (checkpoints_of(what.id).empty() || checkpoints_of(what.id).back().durable_bytes < block * 39) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::yield();
  }
  running().stop(what.id);
  wait(end);
  std::uint64_t last = 0;
  for (const auto& each : checkpoints_of(what.id)) {
    CHECK(each.durable_bytes > last);
    CHECK(each.durable_bytes % block == 0);
    last = each.durable_bytes;
  }
}

TEST_CASE_METHOD(pipeline_fixture, "a stop interrupts whatever the import waits for") {
  auto what = record();
  auto attempt = serving(raw_disk(block * 4));
  SECTION("the source") {
    attempt.stall_at = 0;
  }
  SECTION("a bandwidth of nothing") {
    throttles.set_initial_rate(0);
  }
  SECTION("the time before another attempt") {
    options.retry_base = options.retry_cap = std::chrono::hours{1};
    options.stop_grace = patience;
    attempt.fail_at = 0;
  }
  sources.play({attempt});
  auto end = start(what);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (sources.log->opened().empty()) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::yield();
  }
  running().stop(what.id);
  const auto outcome = wait(end);
  CHECK_FALSE(outcome.why);
  CHECK_FALSE(outcome.facts);
  check_all_returned();
}
