// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/evp.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <future>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "actors/pipeline/pipeline_runner.hpp"
#include "persistence/blob_store.hpp"
#include "tests/actors/pipeline/scripted_source.hpp"
#include "tests/support/temporary_directory.hpp"

namespace sluice::test {

constexpr std::chrono::seconds patience{60};

inline std::string digest_of(const char* algorithm, std::span<const std::byte> data) {
  unsigned char value[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  REQUIRE(EVP_Digest(data.data(), data.size(), value, &length, EVP_get_digestbyname(algorithm), nullptr) == 1);
  std::string text;
  for (unsigned index = 0; index < length; ++index) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", value[index]);
    text += two;
  }
  return text;
}

inline constexpr std::size_t block = actors::block_pool::block_size;

/// Random bytes behind a master boot record with one Linux partition: a disk that any policy takes as raw.
inline std::shared_ptr<const bytes> raw_disk(std::size_t size, unsigned seed = 1) {
  auto made = std::make_shared<bytes>(size);
  std::mt19937_64 random{seed};
  for (std::size_t at = 0; at + 8 <= size; at += 8) {
    const auto word = random();
    std::memcpy(made->data() + at, &word, 8);
  }
  if (size >= 512) {
    std::fill_n(made->begin(), 512, std::byte{0});
    const auto put = [&](std::size_t at, unsigned value) { (*made)[at] = static_cast<std::byte>(value); };
    put(446, 0x80);
    put(446 + 4, 0x83);
    put(446 + 8, 1);
    const auto sectors = static_cast<std::uint32_t>(size / 512 - 1);
    std::memcpy(made->data() + 446 + 12, &sectors, 4);
    put(510, 0x55);
    put(511, 0xaa);
  }
  return made;
}

class pipeline_fixture {
 public:
  pipeline_fixture() {
    reopen_blobs(0);
    options.imports.max_running = 4;
    options.retry_base = std::chrono::milliseconds{1};
    options.retry_cap = std::chrono::milliseconds{2};
    options.digest_threads = 2;
  }
  ~pipeline_fixture() { runner.reset(); }  // its runs reach for the members below it

  void reopen_blobs(std::uint64_t floor) {
    runner.reset();
    blobs.reset();
    auto opened = persistence::blob_store::open(directory.path(), floor);
    REQUIRE(opened);
    blobs = std::move(*opened);
  }

  actors::pipeline_runner& running() {
    if (!runner)
      runner = std::make_unique<actors::pipeline_runner>(sources, *blobs, throttles, options);
    return *runner;
  }

  static schemas::image_import record(const std::string& id = "11111111-2222-4333-8444-555555555555") {
    schemas::image_import made;
    made.id = id;
    made.image_id = "image-of-" + id;
    made.project_id = "project";
    made.request.location = "http://source.example/" + id;
    return made;
  }

  /// Starts a run; its end arrives at the future.
  std::future<actors::import_outcome> start(const schemas::image_import& what) {
    auto promise = std::make_shared<std::promise<actors::import_outcome>>();
    auto end = promise->get_future();
    actors::import_job job;
    job.record = what;
    job.progress = progress = std::make_shared<actors::import_progress>();
    actors::import_listener listener;
    listener.on_checkpoint = [this, id = what.id](actors::import_checkpoint reached) {
      const std::lock_guard guard{mutex};
      checkpoints[id].push_back(std::move(reached));
    };
    listener.on_end = [promise](actors::import_outcome outcome) { promise->set_value(std::move(outcome)); };
    running().start(std::move(job), std::move(listener));
    return end;
  }
  static actors::import_outcome wait(std::future<actors::import_outcome>& end) {
    REQUIRE(end.wait_for(patience) == std::future_status::ready);
    return end.get();
  }
  actors::import_outcome run(const schemas::image_import& what) {
    auto end = start(what);
    return wait(end);
  }
  schemas::failure failure_of(const schemas::image_import& what) {
    const auto outcome = run(what);
    REQUIRE(outcome.why);
    CHECK_FALSE(outcome.facts);
    return *outcome.why;
  }

  std::vector<actors::import_checkpoint> checkpoints_of(const std::string& id) {
    const std::lock_guard guard{mutex};
    return checkpoints[id];
  }

  bytes staged(const std::string& id) {
    auto file = blobs->open_staged(id);
    REQUIRE(file);
    const auto length = file->length();
    REQUIRE(length);
    std::ifstream stream{"/proc/self/fd/" + std::to_string(file->native_handle()), std::ios::binary};
    std::vector<char> read{std::istreambuf_iterator<char>{stream}, {}};
    REQUIRE(read.size() == *length);
    bytes content(read.size());
    std::memcpy(content.data(), read.data(), read.size());
    return content;
  }

  /// Nothing is held once every run has ended: no block, no source, no throttle.
  void check_all_returned() {
    CHECK(running().blocks().free_count() == running().blocks().count());
    CHECK(sources.log->alive == 0);
    CHECK(throttles.all().empty());
  }

  void check_complete(const actors::import_outcome& outcome, const bytes& content, const std::string& id) {
    if (outcome.why)
      FAIL("failed: " << outcome.why->message);
    REQUIRE(outcome.facts);
    CHECK(outcome.facts->size == content.size());
    CHECK(outcome.facts->md5 == digest_of("md5", content));
    CHECK(outcome.facts->os_hash_value == digest_of(outcome.facts->os_hash_algo.c_str(), content));
    CHECK((staged(id) == content));
  }

  tests::temporary_directory directory;
  std::unique_ptr<persistence::blob_store> blobs;
  actors::throttle_board throttles;
  scripted_factory sources;
  actors::pipeline_options options;
  std::unique_ptr<actors::pipeline_runner> runner;
  std::shared_ptr<actors::import_progress> progress;
  std::mutex mutex;
  std::map<std::string, std::vector<actors::import_checkpoint>> checkpoints;
};

inline scripted_attempt serving(std::shared_ptr<const bytes> content) {
  scripted_attempt made;
  made.content = std::move(content);
  return made;
}

}  // namespace sluice::test
