// SPDX-License-Identifier: Apache-2.0
#include "http/api/image_order.hpp"

#include <algorithm>
#include <random>

#include "tests/http/server/random_images.hpp"

namespace sluice::http {
namespace {

using strings = std::vector<std::string>;

image_orders orders_of(const plain_order& order) {
  image_orders orders;
  for (const auto& [key, ascending] : order.keys)
    orders.push_back({*image_column_from(key), ascending});
  return orders;
}

}  // namespace

TEST_CASE("the first rows of many are those that sorting all of them would give, in the same order") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random{seed};
  for (int round = 0; round < 200; ++round) {
    const auto images = some_images(random, 1 + static_cast<int>(random() % 3000));
    const auto order = some_order(random);
    const auto orders = orders_of(order);
    const auto limit = random() % 100;
    auto sorted = images;
    std::ranges::sort(sorted, order);
    // From the beginning, or after one of them as after a marker.
    const auto skipped = random() % 2 == 0 ? 0 : random() % sorted.size();
    const auto after = skipped == 0 ? std::string{} : sort_key(orders, persistence::row_of(sorted[skipped - 1]));
    first_rows first{orders, limit, after};
    for (const auto& each : images)
      first.add(persistence::row_of(each));
    strings expected;
    for (auto i = skipped; i < std::min(skipped + limit, sorted.size()); ++i)
      expected.push_back(sorted[i].id);
    REQUIRE(first.take_ids() == expected);
    if (!expected.empty())
      REQUIRE(first.last() == sort_key(orders, persistence::row_of(sorted[skipped + expected.size() - 1])));
  }
}

TEST_CASE("sort keys sort as what they are made of, whatever bytes that holds") {
  using namespace std::string_literals;
  const std::vector<std::optional<std::string>> names{std::nullopt,
                                                      ""s,
                                                      "\0"s,
                                                      "\0\0"s,
                                                      "\0\1"s,
                                                      "\1"s,
                                                      "a"s,
                                                      "a\0"s,
                                                      "a\0\0"s,
                                                      "a\0\1"s,
                                                      "a\1"s,
                                                      "a\xff"s,
                                                      "aa"s,
                                                      "b"s,
                                                      "b\0a"s,
                                                      "ba"s,
                                                      "\x7f"s,
                                                      "\x80"s,
                                                      "\xff"s,
                                                      "\xff\0"s,
                                                      "\xff\xff"s,
                                                      std::string(300, 'a'),
                                                      std::string(300, '\0')};
  const std::vector<std::optional<std::uint64_t>> sizes{std::nullopt, 0, 1, 255, 256, std::uint64_t{1} << 62};
  const auto row_with = [](const auto& name, const auto& size, std::string_view id) {
    persistence::image_row row;
    row.id = id;
    if (name)
      row.name = *name;
    row.size = size;
    return row;
  };
  for (const auto ascending : {true, false}) {
    const image_orders by_name{{image_column::name, ascending}};
    for (const auto& left : names)
      for (const auto& right : names) {
        const auto keys =
            sort_key(by_name, row_with(left, sizes[1], "x")) < sort_key(by_name, row_with(right, sizes[1], "x"));
        REQUIRE(keys == (ascending ? left < right : right < left));
      }
    const image_orders by_size{{image_column::size, ascending}};
    for (const auto& left : sizes)
      for (const auto& right : sizes) {
        const auto keys =
            sort_key(by_size, row_with(names[1], left, "x")) < sort_key(by_size, row_with(names[1], right, "x"));
        REQUIRE(keys == (ascending ? left < right : right < left));
      }
    // Between equals the id decides, in the direction of the first key; also where one begins as another.
    const image_orders both{{image_column::name, ascending}, {image_column::size, !ascending}};
    for (const auto& [left, right] : {std::pair{"a", "ab"}, std::pair{"ab", "b"}, std::pair{"A", "a"}}) {
      CHECK((sort_key(both, row_with(names[0], sizes[0], left)) <
             sort_key(both, row_with(names[0], sizes[0], right))) == ascending);
      CHECK(sort_key(both, row_with(names[6], sizes[2], left)) != sort_key(both, row_with(names[6], sizes[2], right)));
    }
  }
  const image_orders by_time{{image_column::updated_at, true}};
  auto before_1970 = row_with(names[0], sizes[0], "x");
  auto after_1970 = before_1970;
  before_1970.updated_at = schemas::time_point{std::chrono::microseconds{-1}};
  after_1970.updated_at = schemas::time_point{std::chrono::microseconds{1}};
  CHECK(sort_key(by_time, before_1970) < sort_key(by_time, after_1970));
}

}  // namespace sluice::http
