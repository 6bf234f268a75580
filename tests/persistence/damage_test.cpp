// SPDX-License-Identifier: Apache-2.0
#include <fstream>

#include "persistence/impl/lmdb.hpp"
#include "tests/persistence/records.hpp"
#include "tests/support/file_content.hpp"

namespace {

using namespace sluice::tests;
using namespace sluice::persistence;
using sluice::schemas::error_code;
using sluice::schemas::image_import_status;
using strings = std::vector<std::string>;

/// Writes past the store, which must be closed: LMDB opens a file once per process.
void overwrite(const temporary_directory& where, const char* table, std::string_view key, std::string_view value) {
  auto opened = lmdb::environment::open(where.path() / "records" / "records.mdb", 1 << 30);
  REQUIRE(opened.has_value());
  auto changes = (*opened)->write();
  changes.put(changes.open_database(table), key, value);
  changes.commit();
}

TEST_CASE("a record file of a newer version is refused in words and left as it is") {
  const temporary_directory where;
  open_records(where).reset();
  overwrite(where, "meta", "schema_version", "4");
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto refused = record_store::open(where / "records");
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == error_code::store_failed);
    CHECK(refused.error().message.find("newer version") != std::string::npos);
    CHECK(refused.error().message.find(where.path().string()) == std::string::npos);
  }
  overwrite(where, "meta", "schema_version", "3");
  CHECK(record_store::open(where / "records").has_value());
}

TEST_CASE("a record file of a layout before this one is brought up to it when it is opened") {
  const std::string version = GENERATE("1", "2");
  const temporary_directory where;
  auto store = open_records(where);
  REQUIRE(
      commit(*store, {put_image{an_image(uuid(1), "alpha", 1)}, put_image{an_image(uuid(2), "beta", 2, "public")}}));
  store.reset();
  {
    auto opened = lmdb::environment::open(where.path() / "records" / "records.mdb", 1 << 30);
    REQUIRE(opened.has_value());
    auto changes = (*opened)->write();
    const auto listings = changes.open_database("image_listings");
    strings keys;
    {
      lmdb::cursor rows{changes, listings};  // must end before its transaction does
      for (auto standing = rows.first(); standing; standing = rows.next())
        keys.emplace_back(rows.key());
    }
    REQUIRE(keys.size() == 10);
    using namespace std::string_literals;
    for (const auto& key : keys)
      changes.put(listings, key, "active\0shared\0alpha"s);  // as the first layout had them; the next had other bytes
    changes.put(changes.open_database("meta"), "schema_version", version);
    changes.commit();
  }
  for (int attempt = 0; attempt < 2; ++attempt) {
    store = open_records(where);
    CHECK(ids(store->list_images({.project_id = "alpha"})->records) == strings{uuid(2), uuid(1)});
    store.reset();
  }
}

TEST_CASE("a record file without a readable version is refused") {
  const temporary_directory where;
  open_records(where).reset();
  for (const auto* version : {"", "one", "1 ", "-1", "0", "99999999999999999999"}) {
    overwrite(where, "meta", "schema_version", version);
    const auto refused = record_store::open(where / "records");
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == error_code::store_failed);
  }
}

TEST_CASE("a file that is no database is refused in words and left as it is") {
  const temporary_directory where;
  std::filesystem::create_directory(where / "records");
  const auto file = where.path() / "records" / "records.mdb";
  const std::string garbage(8192, 'g');
  std::ofstream{file} << garbage;
  const auto refused = record_store::open(where / "records");
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == error_code::store_failed);
  CHECK(refused.error().message.find("backup") != std::string::npos);
  CHECK(file_content(file) == garbage);
}

TEST_CASE("a data directory that cannot be made is refused in words") {
  const temporary_directory where;
  std::ofstream{where / "file"} << "in the way";
  for (const auto& path : {where / "file", where.path() / "file" / "below"}) {
    const auto refused = record_store::open(path);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == error_code::store_failed);
    CHECK_FALSE(refused.error().message.empty());
  }
}

TEST_CASE("a record that does not decode is absent, keeps its neighbours whole, and can be replaced or erased") {
  const temporary_directory where;
  auto store = open_records(where);
  REQUIRE(commit(*store, {put_image{an_image(uuid(1), "alpha", 1)}, put_image{an_image(uuid(2), "alpha", 2)},
                          put_image{an_image(uuid(3), "alpha", 3)}, put_import{an_import(uuid(4), "alpha", 4)},
                          put_import{an_import(uuid(5), "alpha", 5)},
                          put_import{an_import(uuid(6), "alpha", 6, image_import_status::success)}}));
  store.reset();
  overwrite(where, "images", uuid(2), "{\"not\": \"a record");
  overwrite(where, "imports", uuid(4), "");
  overwrite(where, "imports", uuid(6), std::string_view{"\0\xff\x80", 3});
  store = open_records(where);

  CHECK_FALSE(store->find_image(uuid(2)));
  CHECK(store->has_image(uuid(2)));  // its bytes are not an orphan
  CHECK_FALSE(store->find_import(uuid(4)));
  CHECK(ids(store->list_images({.project_id = "alpha"})->records) == strings{uuid(3), uuid(1)});
  const auto page = store->list_images({.project_id = "alpha", .limit = 2});
  CHECK(ids(page->records) == strings{uuid(3), uuid(1)});
  CHECK_FALSE(page->more);
  CHECK_FALSE(store->list_images({.project_id = "alpha", .marker = uuid(2)}));
  CHECK(ids(store->live_imports()) == strings{uuid(5)});
  CHECK(store->expired_imports(at(1'000'000), 10) == strings{uuid(6)});

  SECTION("replaced, it is in its new place only") {
    REQUIRE(commit(*store, {put_image{an_image(uuid(2), "beta", 9)},
                            put_import{an_import(uuid(4), "alpha", 9, image_import_status::failure)}}));
    CHECK(ids(store->list_images({.project_id = "alpha"})->records) == strings{uuid(3), uuid(1)});
    CHECK(ids(store->list_images({.project_id = "beta"})->records) == strings{uuid(2)});
    CHECK(ids(store->live_imports()) == strings{uuid(5)});
    CHECK(ids(store->list_imports({.project_id = "alpha"})->records) == strings{uuid(4), uuid(5)});
  }
  SECTION("erased, nothing points to it any more") {
    REQUIRE(commit(*store, {erase_image{uuid(2)}, erase_import{uuid(4)}, erase_import{uuid(6)}}));
    CHECK_FALSE(store->has_image(uuid(2)));
    CHECK_FALSE(store->next_expiry());
    CHECK_FALSE(commit(*store, {put_image{an_image(uuid(2), "alpha", 2)}}));
  }
}

TEST_CASE("a full record file fails what does not fit, with words, and keeps everything else") {
  const temporary_directory where;
  auto opened = record_store::open(where / "records", 1 << 20);
  REQUIRE(opened.has_value());
  auto& store = **opened;
  auto huge = an_import(uuid(999), "alpha", 999);
  huge.request.properties.extra["filler"] = std::string(2 << 20, 'x');
  REQUIRE(commit(store, {put_import{an_import(uuid(1), "alpha", 1)}}));

  SECTION("one set too large leaves its neighbours in the batch alone") {
    const auto outcomes = store.commit({{put_import{an_import(uuid(2), "alpha", 2)}},
                                        {put_import{an_import(uuid(3), "alpha", 3)}, put_import{huge}},
                                        {put_import{an_import(uuid(4), "alpha", 4)}}});
    CHECK(outcomes[0].has_value());
    REQUIRE_FALSE(outcomes[1].has_value());
    CHECK(outcomes[1].error().code == error_code::disk_full);
    CHECK(outcomes[1].error().message.find("room") != std::string::npos);
    CHECK(outcomes[2].has_value());
    CHECK(ids(store.live_imports()) == strings{uuid(1), uuid(2), uuid(4)});
  }
  SECTION("filled record by record, it stays readable and takes records again once some are gone") {
    std::uint64_t number = 2;
    for (;; ++number) {
      auto record = an_import(uuid(number), "alpha", static_cast<std::int64_t>(number));
      record.request.properties.extra["filler"] = std::string(2000, 'x');
      const auto outcome = commit(store, {put_import{record}});
      if (!outcome) {
        CHECK(outcome.error().code == error_code::disk_full);
        break;
      }
      REQUIRE(number < 10'000);
    }
    CHECK(store.live_imports().size() == number - 1);
    CHECK(store.find_import(uuid(number - 1)));
    CHECK_FALSE(store.find_import(uuid(number)));
  }
}

}  // namespace
