// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <memory>
#include <random>

#include "actors/pipeline/pipeline_options.hpp"
#include "actors/pipeline/progress_meter.hpp"
#include "actors/pipeline/retry_policy.hpp"
#include "actors/pipeline/size_rules.hpp"
#include "actors/pipeline/slow_source_watch.hpp"

using namespace sluice;
using namespace sluice::actors;
using namespace std::chrono_literals;
using schemas::error_code;

TEST_CASE("the time before another attempt is jittered, doubles, is capped, and honours what the source asked") {
  const retry_policy policy;
  std::mt19937 random{3};
  for (std::uint32_t attempt = 1; attempt < 100; ++attempt) {
    const auto ceiling = std::min<std::int64_t>(30'000, attempt < 8 ? 500LL << (attempt - 1) : 30'000);
    auto longest = 0ms;
    for (int draw = 0; draw < 200; ++draw) {
      const auto delay = policy.delay(attempt, {}, random);
      CHECK(delay >= 0ms);
      CHECK(delay.count() <= ceiling);
      longest = std::max(longest, delay);
    }
    CHECK(longest.count() > ceiling / 2);
    CHECK(policy.delay(attempt, 45s, random) >= 45s);
    CHECK(policy.delay(attempt, std::chrono::hours{9}, random) == 60s);
  }
}

TEST_CASE("a source that drips is found, one that was slow for a moment or waited for us is not") {
  slow_source_watch watch{60s, 1024};
  CHECK_FALSE(watch.too_slow(59s, 1));
  CHECK(watch.too_slow(1s, 1));
  CHECK_FALSE(watch.too_slow(59s, 0));
  CHECK_FALSE(watch.too_slow(1s, 60 * 1024));
  slow_source_watch any{1s, 0};
  CHECK_FALSE(any.too_slow(1h, 1));
}

TEST_CASE("rate and limit are what was seen lately") {
  const auto shown = std::make_shared<import_progress>();
  progress_meter meter{shown};
  progress_meter::clock::time_point now{1000s};
  meter.restart(500, now);
  meter.tick(now);
  std::uint64_t bytes = 500;
  for (int tick = 0; tick < 80; ++tick) {
    meter.begin_wait(import_limit::source, now);
    now += 200ms;
    meter.end_wait(now);
    meter.begin_wait(import_limit::bandwidth, now);
    now += 50ms;
    meter.end_wait(now);
    bytes += 250'000;
    meter.received(bytes);
    meter.tick(now);
  }
  CHECK(shown->bytes == bytes);
  CHECK(shown->rate == Approx(1'000'000).epsilon(0.01));
  CHECK(shown->limited_by == import_limit::source);
  meter.begin_wait(import_limit::digest, now);
  meter.relabel_wait(import_limit::disk);
  now += 3s;
  meter.tick(now);
  CHECK(shown->limited_by == import_limit::disk);
  CHECK(shown->rate < 500'000);
}

TEST_CASE("sizes are judged when announced, while received and at the end") {
  const size_rules free{1000, {}};
  CHECK(free.announced(1000));
  CHECK(free.announced(1001).error().code == error_code::image_too_large);
  CHECK(free.received(1001, {}).error().code == error_code::image_too_large);
  CHECK(free.received(11, 10).error().code == error_code::source_protocol);
  CHECK(free.complete(7));
  CHECK(free.most_to_read(0, {}) == 1001);
  CHECK(free.most_to_read(990, 990) == 1);
  const size_rules strict{1000, 100};
  CHECK(strict.announced(99).error().code == error_code::size_mismatch);
  CHECK(strict.received(101, {}).error().code == error_code::size_mismatch);
  CHECK(strict.complete(99).error().code == error_code::size_mismatch);
  CHECK(strict.complete(100));
  CHECK(strict.most_to_read(40, {}) == 61);
  const size_rules endless{~std::uint64_t{0}, {}};
  CHECK(endless.most_to_read(0, {}) == ~std::uint64_t{0});
}

TEST_CASE("every import can hold two blocks, none more than eight") {
  pipeline_options options;
  options.imports.max_running = 8;
  CHECK(options.pool_size() == 64);
  CHECK(options.blocks_per_import() == 8);
  options.imports.max_running = 1000;
  CHECK(options.pool_size() == 2000);
  CHECK(options.blocks_per_import() == 2);
  options.imports.max_running = 1;
  CHECK(options.blocks_per_import() == 8);
}
