// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/pipeline/pipeline_fixture.hpp"

using namespace sluice;
using namespace sluice::test;
using schemas::error_code;

namespace {

std::string nth_id(int n) {
  return "00000000-0000-4000-8000-0000000000" + std::to_string(10 + n);
}

}  // namespace

TEST_CASE_METHOD(pipeline_fixture, "many imports share a pool smaller than their number and all end well") {
  options.blocks = GENERATE(std::size_t{3}, std::size_t{64});
  options.imports.max_running = 12;
  std::vector<std::shared_ptr<const bytes>> contents;
  std::vector<std::future<actors::import_outcome>> ends;
  for (int n = 0; n < 12; ++n) {
    contents.push_back(raw_disk(block * 4 + 512 * static_cast<std::size_t>(n + 1), static_cast<unsigned>(n)));
    auto cut = serving(contents.back());
    cut.fail_at = block * 2 + 17;
    sources.set(record(nth_id(n)).request.location, {cut, serving(contents.back())});
  }
  for (int n = 0; n < 12; ++n)
    ends.push_back(start(record(nth_id(n))));
  for (int n = 0; n < 12; ++n)
    check_complete(wait(ends[static_cast<std::size_t>(n)]), *contents[static_cast<std::size_t>(n)], nth_id(n));
  check_all_returned();
}

TEST_CASE_METHOD(pipeline_fixture, "one failing import leaves the others alone") {
  const auto content = raw_disk(block * 8);
  auto bad = serving(content);
  bad.throw_at = block * 3;
  sources.set(record(nth_id(1)).request.location, {bad});
  sources.set(record(nth_id(2)).request.location, {serving(content)});
  auto first = start(record(nth_id(1)));
  auto second = start(record(nth_id(2)));
  CHECK(wait(first).why);
  check_complete(wait(second), *content, nth_id(2));
}

TEST_CASE_METHOD(pipeline_fixture, "an import is not run twice at the same time") {
  auto attempt = serving(raw_disk(block));
  attempt.stall_at = 0;
  sources.play({attempt});
  auto first = start(record());
  auto second = start(record());
  const auto refused = wait(second);
  REQUIRE(refused.why);
  CHECK(refused.why->code == error_code::conflict);
  running().stop(record().id);
  CHECK_FALSE(wait(first).why);
}

TEST_CASE_METHOD(pipeline_fixture, "a shutdown stops every run durably, and later starts end at once") {
  const auto content = raw_disk(block * 8);
  auto attempt = serving(content);
  attempt.stall_at = block * 4;
  std::promise<void> arrived;
  std::atomic<int> waiting{4};
  sources.log->on_bytes = [&](const std::string&, std::uint64_t at) {
    if (at == block * 4 && --waiting == 0)
      arrived.set_value();
  };
  sources.play({attempt});
  std::vector<std::future<actors::import_outcome>> ends;
  for (int n = 0; n < 4; ++n)
    ends.push_back(start(record(nth_id(n))));
  REQUIRE(arrived.get_future().wait_for(patience) == std::future_status::ready);
  running().shutdown();
  for (int n = 0; n < 4; ++n) {
    REQUIRE(ends[static_cast<std::size_t>(n)].wait_for(std::chrono::seconds{0}) == std::future_status::ready);
    CHECK_FALSE(ends[static_cast<std::size_t>(n)].get().why);
    CHECK(checkpoints_of(nth_id(n)).back().durable_bytes == block * 4);
  }
  check_all_returned();
  const auto late = run(record(nth_id(9)));
  CHECK_FALSE(late.why);
  CHECK_FALSE(late.facts);
}

TEST_CASE_METHOD(pipeline_fixture, "a stop of what does not run is nothing") {
  running().stop("no such import");
  const auto content = raw_disk(block);
  sources.play({serving(content)});
  check_complete(run(record()), *content, record().id);
}
