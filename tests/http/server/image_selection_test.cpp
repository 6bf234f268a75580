// SPDX-License-Identifier: Apache-2.0
#include "http/api/image_selection.hpp"

#include <algorithm>
#include <random>
#include <set>

#include "tests/http/server/random_images.hpp"

namespace sluice::http {
namespace {

using schemas::image;

bool passes(const image_listing& wanted, const image& record) {
  return std::ranges::all_of(wanted.filters, [&](const auto& filter) { return matches(filter, record); });
}

}  // namespace

TEST_CASE("a row says no only where its record does, and yes where it does or where only traits tell") {
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
      {"checksum", std::string(32, 'a')},
      {"os_hash_algo", "sha512"},
  };
  int taken = 0, mistaken = 0;
  for (const auto& pair : filters) {
    INFO(pair.first << "=" << pair.second);
    const auto wanted = listing_of({pair});
    REQUIRE(wanted.filters.size() == 1);
    for (const auto& each : images) {
      const auto by_row = may_match(wanted.filters.front(), walked_row(each).row);
      const auto by_record = passes(wanted, each);
      REQUIRE((by_row || !by_record));
      REQUIRE((by_row == by_record || !wanted.decided_by_rows()));
      taken += by_record;
      mistaken += by_row && !by_record;
    }
  }
  CHECK(taken > 1000);
  CHECK(mistaken < 10);
}

TEST_CASE("tags that differ in their last letter alone leave different traits") {
  std::set<persistence::trait> traits;
  for (int i = 0; i < 1000; ++i)
    traits.insert(persistence::trait_of_tag("tag-" + std::to_string(i)));
  CHECK(traits.size() > 950);
}

TEST_CASE("an encoded row is the row, and no other bytes are one") {
  std::mt19937 random{11};
  for (const auto& each : some_images(random, 200)) {
    const auto row = persistence::row_of(each);
    const auto bytes = persistence::encode_row(each);
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
    for (const auto& tag : each.properties.tags)
      CHECK(may_have(*read, persistence::trait_of_tag(tag)));
    for (const auto& [name, value] : each.properties.extra)
      CHECK(may_have(*read, persistence::trait_of_property(name, value)));
    for (std::size_t length = 0; length < bytes.size(); ++length)
      REQUIRE_FALSE(persistence::decode_row(std::string_view{bytes}.substr(0, length)));
    CHECK_FALSE(persistence::decode_row(bytes + "x"));
  }
}

}  // namespace sluice::http
