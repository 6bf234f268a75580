// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>

#include <random>
#include <string>
#include <vector>

#include "http/api/image_listing.hpp"
#include "persistence/image_row.hpp"
#include "tests/http/server/api_fixture.hpp"

/// What the tests of listings share: images, their rows, and queries.
namespace sluice::http {

/// Random images of project a, many of them alike in what they are sorted and filtered by.
inline std::vector<schemas::image> some_images(std::mt19937& random, int count) {
  std::vector<schemas::image> made;
  for (int i = 0; i < count; ++i) {
    schemas::image record;
    record.id = id_of(i);
    record.owner = "a";
    record.status = schemas::image_statuses[random() % 5];
    record.properties.visibility = random() % 3 == 0 ? "public" : "shared";
    if (random() % 4 != 0)
      record.properties.name = std::string(random() % 3, 'n') + std::to_string(random() % 20);
    if (random() % 2 == 0)
      record.properties.disk_format = random() % 2 == 0 ? "raw" : "qcow2";
    if (random() % 3 != 0) {
      record.facts.emplace();
      record.facts->size = random() % 10;
      record.facts->md5 = std::string(32, static_cast<char>('a' + random() % 5));
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

/// A row as a walk gives it, and the bytes that it sees.
struct walked_row {
  explicit walked_row(const schemas::image& record) : bytes{persistence::encode_row(record)} {
    const auto read = persistence::decode_row(bytes);
    REQUIRE(read);
    row = *read;
    row.id = record.id;
    row.created_at = record.created_at;
  }
  walked_row(const walked_row&) = delete;
  walked_row& operator=(const walked_row&) = delete;

  std::string bytes;
  persistence::image_row row;
};

inline image_listing listing_of(const query_pairs& pairs) {
  schemas::identity who;
  who.project_id = "a";
  auto parsed = parse_image_listing(pairs, who);
  REQUIRE(parsed.has_value());
  return std::move(*parsed);
}

/// The plainest reading of an order: whether `left` comes before `right` by one key; 0 when neither does.
inline std::weak_ordering compared(const std::string& key, const schemas::image& left, const schemas::image& right) {
  const auto size = [](const auto& record) {
    return record.facts ? std::optional{record.facts->size} : std::optional<std::uint64_t>{};
  };
  if (key == "name")
    return left.properties.name <=> right.properties.name;
  if (key == "status")
    return to_string(left.status) <=> to_string(right.status);
  if (key == "container_format")
    return left.properties.container_format <=> right.properties.container_format;
  if (key == "disk_format")
    return left.properties.disk_format <=> right.properties.disk_format;
  if (key == "size")
    return size(left) <=> size(right);
  if (key == "created_at")
    return left.created_at <=> right.created_at;
  if (key == "updated_at")
    return left.updated_at <=> right.updated_at;
  return left.id <=> right.id;
}

struct plain_order {
  std::vector<std::pair<std::string, bool>> keys;  ///< and whether they ascend

  bool operator()(const schemas::image& left, const schemas::image& right) const {
    for (const auto& [key, ascending] : keys)
      if (const auto outcome = compared(key, left, right); outcome != 0)
        return ascending ? outcome < 0 : outcome > 0;
    return keys.front().second ? left.id < right.id : left.id > right.id;
  }
};

inline plain_order some_order(std::mt19937& random) {
  const std::vector<std::string> keys{"name", "status", "container_format", "disk_format",
                                      "size", "id",     "created_at",       "updated_at"};
  plain_order order;
  for (unsigned key = 0; key < 1 + random() % 3; ++key)
    order.keys.emplace_back(keys[random() % keys.size()], random() % 2 == 0);
  return order;
}

}  // namespace sluice::http
