// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <random>

#include "persistence/unique_fd.hpp"
#include "tests/persistence/records.hpp"

namespace {

using namespace sluice::tests;
using namespace sluice::persistence;

constexpr std::uint64_t sets_a_batch = 3;

/// What batch `batch` does: each set publishes one image with its import and, two batches later, takes both away.
/// The last set is refused as a whole.
std::vector<change_set> batch_of(std::uint64_t batch) {
  std::vector<change_set> sets;
  for (std::uint64_t set = 0; set < sets_a_batch; ++set) {
    const auto number = batch * 10 + set;
    change_set changes{put_import{an_import(uuid(number), "alpha", 1, sluice::schemas::image_import_status::success)},
                       put_image{an_image(uuid(number), "alpha", 1)}};
    if (batch >= 2) {
      changes.push_back(erase_import{uuid(number - 20)});
      changes.push_back(erase_image{uuid(number - 20)});
    }
    sets.push_back(std::move(changes));
  }
  sets.push_back({put_image{an_image(uuid(batch * 10 + 9), "alpha", 1)}, put_image{an_image("", "alpha", 1)}});
  return sets;
}

/// Commits batch after batch for ever, and says so after each.
[[noreturn]] void commit_until_killed(const std::filesystem::path& directory, int acknowledge) {
  auto store = record_store::open(directory);
  if (!store)
    ::_exit(1);
  for (std::uint64_t batch = 0;; ++batch) {
    const auto outcomes = (*store)->commit(batch_of(batch));
    for (std::uint64_t set = 0; set < sets_a_batch; ++set)
      if (!outcomes[set])
        ::_exit(2);
    if (outcomes.back() || ::write(acknowledge, &batch, sizeof batch) != sizeof batch)
      ::_exit(3);
  }
}

/// Reads one acknowledgement; false at the end.
bool read_acknowledgement(int from, std::uint64_t& batch) {
  ssize_t count = 0;
  do
    count = ::read(from, &batch, sizeof batch);
  while (count < 0 && errno == EINTR);
  return count == sizeof batch;
}

/// Runs the child until it has acknowledged `enough` batches and then kills it; the last acknowledged batch.
std::uint64_t kill_after(std::uint64_t enough, const std::filesystem::path& directory) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::close(ends[0]);
    commit_until_killed(directory, ends[1]);
  }
  ::close(ends[1]);
  const unique_fd acknowledged{ends[0]};
  std::uint64_t last = 0;
  while (last < enough && read_acknowledgement(acknowledged.get(), last)) {
  }
  ::kill(child, SIGKILL);
  while (read_acknowledgement(acknowledged.get(), last)) {
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  return last;
}

TEST_CASE("a writer killed at any moment leaves every acknowledged commit whole and none by halves") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random{seed};
  for (int round = 0; round < 12; ++round) {
    const temporary_directory where;
    const auto last = kill_after(2 + random() % 60, where / "records");
    const auto store = open_records(where);
    // The batch after the last acknowledged one may have become durable just before the end.
    const auto survived = store->has_image(uuid((last + 1) * 10)) ? last + 1 : last;
    std::size_t expected = 0;
    for (std::uint64_t batch = 0; batch <= survived + 1; ++batch) {
      const auto present = batch <= survived && batch + 2 > survived;
      for (std::uint64_t set = 0; set < sets_a_batch; ++set) {
        CAPTURE(round, last, survived, batch, set);
        REQUIRE(store->find_image(uuid(batch * 10 + set)).has_value() == present);
        REQUIRE(store->find_import(uuid(batch * 10 + set)).has_value() == present);
        expected += present ? 1 : 0;
      }
      REQUIRE_FALSE(store->has_image(uuid(batch * 10 + 9)));
    }
    REQUIRE(store->list_images({.project_id = "alpha", .limit = 1000})->records.size() == expected);
    REQUIRE(store->list_imports({.project_id = "alpha", .limit = 1000})->records.size() == expected);
    REQUIRE(store->expired_imports(at(1'000'000), 1000).size() == expected);
    // It goes on from there, and the ids of the dead stay dead.
    REQUIRE(commit(*store, {put_image{an_image(uuid(77777), "alpha", 1)}}));
    REQUIRE_FALSE(commit(*store, {put_image{an_image(uuid(0), "alpha", 1)}}));
  }
}

}  // namespace
