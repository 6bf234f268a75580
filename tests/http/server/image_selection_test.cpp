// SPDX-License-Identifier: Apache-2.0
#include "http/api/image_selection.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>

#include "http/api/image_listing.hpp"
#include "tests/http/server/api_fixture.hpp"

namespace sluice::http {
namespace {

using schemas::image;

/// Random images, many of them alike in what they are sorted by.
std::vector<image> some_images(std::mt19937& random, int count) {
  std::vector<image> made;
  for (int i = 0; i < count; ++i) {
    image record;
    record.id = id_of(i);
    record.owner = "a";
    record.status = schemas::image_statuses[random() % 5];
    if (random() % 4 != 0)
      record.properties.name = std::string(random() % 3, 'n') + std::to_string(random() % 20);
    if (random() % 2 == 0)
      record.properties.disk_format = random() % 2 == 0 ? "raw" : "qcow2";
    if (random() % 3 != 0) {
      record.facts.emplace();
      record.facts->size = random() % 10;
    }
    for (unsigned tag = 0; tag < random() % 3; ++tag)
      record.properties.tags.push_back("tag" + std::to_string(tag));
    record.properties.extra["os_distro"] = random() % 2 == 0 ? "debian" : "fedora";
    record.created_at = schemas::time_point{std::chrono::seconds{random() % 50}};
    record.updated_at = schemas::time_point{std::chrono::milliseconds{random() % 5000}};
    made.push_back(std::move(record));
  }
  return made;
}

image_listing listing_of(const query_pairs& pairs) {
  schemas::identity who;
  who.project_id = "a";
  auto parsed = parse_image_listing(pairs, who);
  REQUIRE(parsed.has_value());
  return std::move(*parsed);
}

bool passes(const image_listing& wanted, const image& record) {
  return std::ranges::all_of(wanted.filters, [&](const auto& filter) { return matches(filter, record); });
}

}  // namespace

TEST_CASE("the first rows of many are those that sorting all of them would give, in the same order") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random{seed};
  const std::vector<std::string> keys{"name", "status", "container_format", "disk_format",
                                      "size", "id",     "created_at",       "updated_at"};
  for (int round = 0; round < 200; ++round) {
    const auto images = some_images(random, 1 + static_cast<int>(random() % 3000));
    query_pairs pairs;
    for (unsigned key = 0; key < 1 + random() % 3; ++key) {
      pairs.emplace_back("sort_key", keys[random() % keys.size()]);
      pairs.emplace_back("sort_dir", random() % 2 == 0 ? "asc" : "desc");
    }
    const auto wanted = listing_of(pairs);
    const auto limit = random() % 100;
    first_rows first{wanted.order, limit};
    std::vector<persistence::image_row> all;
    for (const auto& each : images) {
      all.push_back(persistence::row_of(each));
      first.add(all.back());
    }
    std::ranges::sort(all, [&](const auto& l, const auto& r) { return comes_before(wanted.order, l, r); });
    std::vector<std::string> expected;
    for (std::size_t i = 0; i < std::min<std::size_t>(limit, all.size()); ++i)
      expected.emplace_back(all[i].id);
    REQUIRE(first.take_ids() == expected);
  }
}

TEST_CASE("a row says yes or no only where its record says the same") {
  std::mt19937 random{7};
  const auto images = some_images(random, 500);
  const std::vector<std::pair<std::string, std::string>> filters{
      {"status", "in:queued,active"},
      {"disk_format", "raw"},
      {"disk_format", "in:raw,qcow2"},
      {"name", "in:nn3,n4"},
      {"id", "in:" + id_of(3) + "," + id_of(4)},
      {"size", "3"},
      {"size_min", "3"},
      {"size_max", "3"},
      {"tag", "tag1"},
      {"tag", "nothing"},
      {"os_distro", "debian"},
      {"os_distro", "other"},
      {"protected", "false"},
      {"min_ram", "0"},
      {"created_at", "lt:1970-01-01T00:00:20Z"},
      {"created_at", "gte:1970-01-01T00:00:20Z"},
      {"updated_at", "neq:1970-01-01T00:00:03Z"},
      {"updated_at", "eq:1970-01-01T00:00:03"},
      {"checksum", "x"},
      {"os_hash_algo", "sha512"},
  };
  int told = 0, taken = 0;
  for (const auto& pair : filters) {
    INFO(pair.first << "=" << pair.second);
    const auto wanted = listing_of({pair});
    REQUIRE(wanted.filters.size() == 1);
    for (const auto& each : images) {
      const auto by_row = matches(wanted.filters.front(), persistence::row_of(each));
      const auto by_record = passes(wanted, each);
      REQUIRE((!by_row || *by_row == by_record));
      told += by_row.has_value();
      taken += by_record;
    }
  }
  CHECK(told > 15 * 500);
  CHECK(taken > 1000);
}

TEST_CASE("an encoded row is the row, and no other bytes are one") {
  std::mt19937 random{11};
  for (const auto& each : some_images(random, 200)) {
    const auto row = persistence::row_of(each);
    const auto bytes = persistence::encode_row(row);
    const auto read = persistence::decode_row(bytes);
    REQUIRE(read);
    CHECK(read->name == row.name);
    CHECK(read->owner == row.owner);
    CHECK(read->visibility == row.visibility);
    CHECK(read->disk_format == row.disk_format);
    CHECK(read->status == row.status);
    CHECK(read->size == row.size);
    CHECK(read->virtual_size == row.virtual_size);
    CHECK(read->updated_at == row.updated_at);
    CHECK(read->traits == row.traits);
    for (std::size_t length = 0; length < bytes.size(); ++length)
      REQUIRE_FALSE(persistence::decode_row(std::string_view{bytes}.substr(0, length)));
    CHECK_FALSE(persistence::decode_row(bytes + "x"));
  }
}

}  // namespace sluice::http
