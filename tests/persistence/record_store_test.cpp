// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <atomic>
#include <map>
#include <numeric>
#include <random>
#include <thread>

#include "persistence/record_store.hpp"
#include "tests/persistence/records.hpp"

namespace {

using namespace sluice::tests;
using namespace sluice::persistence;
using sluice::schemas::error_code;
using sluice::schemas::image_import_status;
using strings = std::vector<std::string>;

mode_t mode_of(const std::filesystem::path& path) {
  struct stat facts {};
  REQUIRE(::stat(path.c_str(), &facts) == 0);
  return facts.st_mode & 07777;
}

TEST_CASE("what commit returned from is there after the store is opened again") {
  const temporary_directory where;
  const auto live = an_import(uuid(1), "alpha", 1, image_import_status::uploading);
  auto done = an_import(uuid(2), "alpha", 2, image_import_status::success);
  const auto image = an_image(uuid(3), "alpha", 3);
  {
    auto store = open_records(where);
    CHECK(commit(*store, {put_import{live}, put_import{done}, put_image{image}}));
    CHECK(store->find_import(live.id) == live);
  }
  {
    auto store = open_records(where);
    CHECK(store->find_import(live.id) == live);
    CHECK(store->find_import(done.id) == done);
    CHECK(store->find_image(image.id) == image);
    CHECK(store->has_image(image.id));
    CHECK(store->live_imports() == std::vector{live});
    CHECK(store->next_expiry() == done.expires_at);
    CHECK(commit(*store, {erase_import{live.id}, erase_image{image.id}}));
  }
  auto store = open_records(where);
  CHECK_FALSE(store->find_import(live.id));
  CHECK_FALSE(store->find_image(image.id));
  CHECK_FALSE(store->has_image(image.id));
  CHECK(store->live_imports().empty());
  CHECK(store->list_images({.project_id = "alpha"})->records.empty());
}

TEST_CASE("the record file and its directory are the service's alone") {
  const temporary_directory where;
  const auto store = open_records(where);
  CHECK(mode_of(where / "records") == 0700);
  CHECK(mode_of(where.path() / "records" / "records.mdb") == 0600);
  CHECK(mode_of(where.path() / "records" / "records.mdb-lock") == 0600);
}

TEST_CASE("ids that cannot be keys are absent, not errors") {
  const temporary_directory where;
  const auto store = open_records(where);
  for (const auto& id : {std::string{}, std::string(4096, 'x'), std::string(1, '\0'), std::string{"../records.mdb"}}) {
    CHECK_FALSE(store->find_import(id));
    CHECK_FALSE(store->find_image(id));
    CHECK_FALSE(store->has_image(id));
    CHECK(store->list_images({.project_id = id})->records.empty());
    CHECK(store->list_imports({.project_id = id})->records.empty());
  }
}

TEST_CASE("a set that is refused leaves no trace and does not hurt its neighbours in the batch") {
  const temporary_directory where;
  auto store = open_records(where);
  REQUIRE(commit(*store, {put_image{an_image(uuid(9), "alpha", 1)}}));
  REQUIRE(commit(*store, {erase_image{uuid(9)}}));
  const std::vector<change_set> batch{
      {put_import{an_import(uuid(1), "alpha", 1)}},
      {put_import{an_import(uuid(2), "alpha", 2)}, put_image{an_image(uuid(9), "alpha", 2)}},
      {put_import{an_import(uuid(3), "alpha", 3)}, put_import{an_import(std::string(65, 'a'), "alpha", 3)}},
      {put_import{an_import(uuid(4), "alpha", 4)}, put_image{an_image(uuid(5), std::string(256, 'p'), 4)}},
      {},
      {put_import{an_import(uuid(6), "alpha", 6)}},
  };
  const auto outcomes = store->commit(batch);
  REQUIRE(outcomes.size() == batch.size());
  CHECK(outcomes[0].has_value());
  REQUIRE_FALSE(outcomes[1].has_value());
  CHECK(outcomes[1].error().code == error_code::conflict);
  REQUIRE_FALSE(outcomes[2].has_value());
  CHECK(outcomes[2].error().code == error_code::invalid_request);
  REQUIRE_FALSE(outcomes[3].has_value());
  CHECK(outcomes[3].error().code == error_code::invalid_request);
  CHECK(outcomes[4].has_value());
  CHECK(outcomes[5].has_value());
  store.reset();
  store = open_records(where);
  CHECK(ids(store->list_imports({.project_id = "alpha"})->records) == strings{uuid(6), uuid(1)});
  CHECK(ids(store->live_imports()) == strings{uuid(1), uuid(6)});
  CHECK(store->commit({}).empty());
}

TEST_CASE("however images grow, those of a project stay within its quota") {
  const temporary_directory where;
  const auto store = open_records(where);
  std::mt19937 random{20'261'123};
  constexpr std::uint64_t quota = 1000;
  std::map<std::string, std::uint64_t> sizes;  // of the images of "a"
  const auto used = [&sizes] {
    return std::accumulate(sizes.begin(), sizes.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const auto& each) { return sum + each.second; });
  };
  std::size_t refusals = 0;
  for (int round = 0; round < 400; ++round) {
    const auto id = uuid(random() % 8);
    auto record = an_image(id, "a", 1);
    record.status =
        random() % 2 == 0 ? sluice::schemas::image_status::active : sluice::schemas::image_status::uploading;
    record.facts->size = random() % 400;
    const auto known = sizes.find(id);
    const auto had = known == sizes.end() ? 0 : known->second;
    const bool fits = record.facts->size <= had || used() - had + record.facts->size <= quota;
    // Others' images do not count, and who sets no bound is not held to one.
    const auto outcomes =
        store->commit({{put_image{an_image(uuid(100), "b", 1), 1 << 20}}, {put_image{record, quota}}});
    REQUIRE(outcomes[0]);
    REQUIRE(outcomes[1].has_value() == fits);
    if (fits)
      sizes[id] = record.facts->size;
    else
      REQUIRE(outcomes[1].error().code == sluice::schemas::error_code::quota_exceeded);
    refusals += fits ? 0 : 1;
    const auto usage = store->usage_of("a");
    REQUIRE(usage.bytes + usage.staged_bytes == used());
    REQUIRE(used() <= quota);
  }
  CHECK(refusals > 20);
  CHECK(commit(*store, {put_image{an_image(uuid(9), "a", 1)}}));
}

TEST_CASE("later sets of a batch see what earlier ones did") {
  const temporary_directory where;
  auto store = open_records(where);
  const auto outcomes = store->commit(
      {{put_image{an_image(uuid(1), "alpha", 1)}}, {erase_image{uuid(1)}}, {put_image{an_image(uuid(1), "alpha", 2)}}});
  CHECK(outcomes[0].has_value());
  CHECK(outcomes[1].has_value());
  REQUIRE_FALSE(outcomes[2].has_value());
  CHECK(outcomes[2].error().code == error_code::conflict);
  CHECK_FALSE(store->has_image(uuid(1)));
}

TEST_CASE("an image's id is never used again once it was erased, also after a restart") {
  const temporary_directory where;
  auto store = open_records(where);
  REQUIRE(commit(*store, {put_image{an_image(uuid(1), "alpha", 1)}}));
  REQUIRE(commit(*store, {put_image{an_image(uuid(1), "alpha", 2)}}));  // a change, not a new image
  SECTION("erased in a transaction before") {
    REQUIRE(commit(*store, {erase_image{uuid(1)}}));
  }
  SECTION("erased twice") {
    REQUIRE(commit(*store, {erase_image{uuid(1)}}));
    REQUIRE(commit(*store, {erase_image{uuid(1)}}));
  }
  SECTION("erased in the same set") {
    const auto refused = commit(*store, {erase_image{uuid(1)}, put_image{an_image(uuid(1), "alpha", 3)}});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == error_code::conflict);
    CHECK(store->has_image(uuid(1)));
    REQUIRE(commit(*store, {erase_image{uuid(1)}}));
  }
  SECTION("made and erased in the same set") {
    const auto fresh = an_image(uuid(2), "alpha", 3);
    CHECK_FALSE(commit(*store, {put_image{fresh}, erase_image{fresh.id}, put_image{fresh}}));
    CHECK_FALSE(store->has_image(fresh.id));
    REQUIRE(commit(*store, {erase_image{uuid(1)}}));
  }
  store.reset();
  store = open_records(where);
  const auto refused = commit(*store, {put_image{an_image(uuid(1), "alpha", 3)}});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == error_code::conflict);
  CHECK_FALSE(store->has_image(uuid(1)));
}

TEST_CASE("erasing what is not there succeeds and does not burn the id") {
  const temporary_directory where;
  auto store = open_records(where);
  CHECK(commit(*store, {erase_image{uuid(1)}, erase_import{uuid(2)}, erase_import{""}, erase_image{""}}));
  CHECK(commit(*store, {put_image{an_image(uuid(1), "alpha", 1)}, put_import{an_import(uuid(2), "alpha", 1)}}));
  CHECK(store->has_image(uuid(1)));
}

TEST_CASE("an import moves through its statuses and every index follows") {
  const temporary_directory where;
  auto store = open_records(where);
  auto record = an_import(uuid(1), "alpha", 1);
  const auto listed = [&](image_import_status status) {
    return store->list_imports({.project_id = "alpha", .status = status})->records.size();
  };
  REQUIRE(commit(*store, {put_import{record}}));
  CHECK(listed(image_import_status::waiting) == 1);
  record.status = image_import_status::uploading;
  REQUIRE(commit(*store, {put_import{record}}));
  CHECK(listed(image_import_status::waiting) == 0);
  CHECK(listed(image_import_status::uploading) == 1);
  CHECK(store->live_imports().size() == 1);
  CHECK_FALSE(store->next_expiry());
  record.status = image_import_status::failure;
  record.why = sluice::schemas::failure{error_code::cancelled, "cancelled by its owner"};
  record.expires_at = at(100);
  REQUIRE(commit(*store, {put_import{record}}));
  CHECK(listed(image_import_status::uploading) == 0);
  CHECK(listed(image_import_status::failure) == 1);
  CHECK(store->live_imports().empty());
  CHECK(store->next_expiry() == at(100));
  record.expires_at = at(200);
  REQUIRE(commit(*store, {put_import{record}}));
  CHECK(store->expired_imports(at(199), 10).empty());
  CHECK(store->expired_imports(at(200), 10) == strings{uuid(1)});
  REQUIRE(commit(*store, {erase_import{uuid(1)}}));
  CHECK_FALSE(store->next_expiry());
  CHECK(store->list_imports({.project_id = "alpha"})->records.empty());
}

TEST_CASE("finished imports expire soonest first and only when their time has come") {
  const temporary_directory where;
  auto store = open_records(where);
  change_set puts;
  for (const std::int64_t expiry : {50, 10, 40, -5, 30}) {  // also before the epoch's offset
    auto record = an_import(uuid(static_cast<std::uint64_t>(expiry + 100)), "alpha", 0, image_import_status::success);
    record.expires_at = at(expiry);
    puts.push_back(put_import{record});
  }
  auto ancient = an_import(uuid(1), "alpha", 0, image_import_status::success);
  ancient.expires_at = sluice::schemas::time_point{std::chrono::microseconds{-1}};  // before 1970
  puts.push_back(put_import{ancient});
  REQUIRE(commit(*store, std::move(puts)));
  CHECK(store->next_expiry() == ancient.expires_at);
  CHECK(store->expired_imports(at(30), 10) == strings{uuid(1), uuid(95), uuid(110), uuid(130)});
  CHECK(store->expired_imports(at(30), 2) == strings{uuid(1), uuid(95)});
  CHECK(store->expired_imports(at(30), 0).empty());
}

TEST_CASE("readers on many threads see each change whole while the writer commits") {
  const temporary_directory where;
  auto store = open_records(where);
  auto image = an_image(uuid(1), "alpha", 1, "public");
  REQUIRE(commit(*store, {put_image{image}, put_import{an_import(uuid(2), "alpha", 1)}}));
  std::atomic<bool> stop = false;
  std::atomic<int> torn = 0;
  std::atomic<long> reads = 0;
  std::vector<std::thread> readers;
  for (int thread = 0; thread < 4; ++thread)
    readers.emplace_back([&store, &stop, &torn, &reads] {
      while (!stop) {
        const auto page = store->list_images({.project_id = "alpha", .os_hidden = std::nullopt});
        const auto found = store->find_image(uuid(1));
        if (!page || page->records.size() != 1 || !found || store->live_imports().size() != 1)
          ++torn;
        ++reads;
      }
    });
  int round = 0;
  while (round < 100 || reads < 200) {
    image.properties.visibility = round % 2 ? "public" : "private";
    image.properties.os_hidden = round % 3 == 0;
    image.created_at = at(round);
    auto moved =
        an_import(uuid(2), "alpha", round, round % 2 ? image_import_status::waiting : image_import_status::uploading);
    if (!commit(*store, {put_image{image}, put_import{moved}}))
      break;
    ++round;
  }
  stop = true;
  for (auto& reader : readers)
    reader.join();
  CHECK(round >= 100);
  CHECK(torn == 0);
}

}  // namespace
