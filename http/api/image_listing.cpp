// SPDX-License-Identifier: Apache-2.0
#include "http/api/image_listing.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <limits>
#include <system_error>
#include <utility>

#include "http/api/paging.hpp"
#include "http/server/request_id.hpp"

namespace sluice::http {
namespace {

using schemas::error_code;
using schemas::failure;
using schemas::refuse;
using schemas::result;
using test_kind = image_filter::comparison;

constexpr std::array sortable{"name", "status", "container_format", "disk_format",
                              "size", "id",     "created_at",       "updated_at"};
constexpr std::array listable{"id", "name", "status", "container_format", "disk_format"};
constexpr std::array visibilities{"public", "private", "shared", "community", "all"};
constexpr std::size_t most_order_keys = 8;
constexpr std::uint64_t most_number = std::numeric_limits<std::int64_t>::max();

bool is_one_of(std::string_view word, const auto& words) {
  return std::ranges::find(words, word) != words.end();
}

auto invalid(std::string_view parameter, std::string_view expected) {
  return refuse(error_code::invalid_request, std::string{parameter} + ": expected " + std::string{expected} + ".",
                std::string{parameter});
}

std::optional<bool> boolean(std::string_view text) {
  std::string lower{text};
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (lower == "true" || lower == "1" || lower == "yes" || lower == "on")
    return true;
  if (lower == "false" || lower == "0" || lower == "no" || lower == "off")
    return false;
  return std::nullopt;
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || code != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

/// `YYYY-MM-DDTHH:MM:SS`, with a Z or without, as seconds since 1970 in UTC.
std::optional<std::int64_t> parse_glance_time(std::string_view text) {
  constexpr std::string_view form = "dddd-dd-ddTdd:dd:dd";
  if (text.ends_with('Z'))
    text.remove_suffix(1);
  if (text.size() != form.size())
    return std::nullopt;
  for (std::size_t i = 0; i < form.size(); ++i)
    if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
      return std::nullopt;
  const auto part = [text](std::size_t from, std::size_t digits) {
    return static_cast<int>(*whole_number(text.substr(from, digits)));
  };
  const std::chrono::year_month_day day{std::chrono::year{part(0, 4)},
                                        std::chrono::month{static_cast<unsigned>(part(5, 2))},
                                        std::chrono::day{static_cast<unsigned>(part(8, 2))}};
  if (!day.ok() || part(11, 2) > 23 || part(14, 2) > 59 || part(17, 2) > 60)
    return std::nullopt;
  const auto when = std::chrono::sys_days{day} + std::chrono::hours{part(11, 2)} + std::chrono::minutes{part(14, 2)} +
                    std::chrono::seconds{part(17, 2)};
  return when.time_since_epoch().count();
}

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> parts;
  while (!list.empty()) {
    const auto end = std::min(list.find(','), list.size());
    auto part = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    if (part.size() >= 2 && part.front() == '"' && part.back() == '"')
      part = part.substr(1, part.size() - 2);
    parts.emplace_back(part);
  }
  return parts;
}

/// Order as Glance takes it: sort_key and sort_dir, each repeated, or one `sort=name:asc,size`.
struct order_words {
  std::vector<std::string> keys, directions;
  std::optional<std::string> combined;
};

result<image_orders> parse_order(const order_words& words) {
  image_orders order;
  const auto add = [&](std::string_view key, std::string_view direction) -> result<void> {
    if (!is_one_of(key, sortable) || order.size() == most_order_keys)
      return invalid("sort_key", "name, status, container_format, disk_format, size, id, created_at or updated_at");
    const auto ascending = parse_ascending(direction);
    if (!ascending)
      return tl::unexpected<failure>{ascending.error()};
    image_order entry;
    entry.column = *image_column_from(key);
    entry.ascending = *ascending;
    order.push_back(std::move(entry));
    return {};
  };
  if (words.combined) {
    if (!words.keys.empty() || !words.directions.empty())
      return invalid("sort", "either sort, or sort_key and sort_dir");
    for (const auto& part : split(*words.combined)) {
      const auto colon = std::min(part.find(':'), part.size());
      const auto direction = colon == part.size() ? std::string{"desc"} : part.substr(colon + 1);
      if (const auto added = add(part.substr(0, colon), direction); !added)
        return tl::unexpected<failure>{added.error()};
    }
  } else {
    if (words.directions.size() > 1 && words.directions.size() != std::max<std::size_t>(words.keys.size(), 1))
      return invalid("sort_dir", "one sort_dir, or one for each sort_key");
    for (std::size_t i = 0; i < std::max<std::size_t>(words.keys.size(), 1); ++i) {
      // One direction stands for all keys, as Glance has it.
      const auto direction = words.directions.empty()      ? std::string{"desc"}
                             : i < words.directions.size() ? words.directions[i]
                                                           : words.directions.back();
      if (const auto added = add(words.keys.empty() ? "created_at" : words.keys[i], direction); !added)
        return tl::unexpected<failure>{added.error()};
    }
  }
  if (order.empty())
    order.emplace_back();
  return order;
}

result<image_filter> parse_time_filter(const std::string& key, std::string_view value) {
  image_filter filter;
  filter.attribute = key;
  filter.column = image_column_from(key);
  constexpr std::array<std::pair<std::string_view, test_kind>, 6> operators{{{"gte:", test_kind::at_least},
                                                                             {"lte:", test_kind::at_most},
                                                                             {"neq:", test_kind::differs},
                                                                             {"gt:", test_kind::greater},
                                                                             {"lt:", test_kind::less},
                                                                             {"eq:", test_kind::any_of}}};
  for (const auto& [prefix, test] : operators)
    if (value.starts_with(prefix)) {
      value.remove_prefix(prefix.size());
      filter.test = test;
      break;
    }
  const auto when = parse_glance_time(value);
  if (!when)
    return invalid(key, "a time such as gte:2026-01-31T12:00:00Z");
  filter.numbers.push_back(*when);
  return filter;
}

image_filter filter_of(std::string attribute, test_kind test, std::vector<std::string> values) {
  image_filter filter;
  filter.column = image_column_from(attribute);
  filter.attribute = std::move(attribute);
  filter.test = test;
  filter.values = std::move(values);
  if (!filter.column)
    for (const auto& value : filter.values)
      filter.traits.push_back(test == test_kind::all_tags ? persistence::trait_of_tag(value)
                                                          : persistence::trait_of_property(filter.attribute, value));
  return filter;
}

result<void> apply_filter(const std::string& key, const std::string& value, image_listing& into) {
  auto& query = into.query;
  if (key == "visibility") {
    if (!is_one_of(value, visibilities))
      return invalid(key, "public, private, shared, community or all");
    query.visibility = value;
  } else if (key == "member_status") {
    query.member_status = schemas::member_status_from(value);
    if (!query.member_status && value != "all")
      return invalid(key, "pending, accepted, rejected or all");
  } else if (key == "owner") {
    query.owner = value;
  } else if (key == "os_hidden") {
    query.os_hidden = boolean(value);
    if (!query.os_hidden)
      return invalid(key, "true or false");
  } else if (key == "protected") {
    const auto flag = boolean(value);
    if (!flag)
      return invalid(key, "true or false");
    into.filters.push_back(filter_of(key, test_kind::any_of, std::vector<std::string>{*flag ? "true" : "false"}));
  } else if (key == "tag") {
    into.filters.push_back(filter_of({}, test_kind::all_tags, std::vector<std::string>{value}));
  } else if (key == "size_min" || key == "size_max" || key == "size" || key == "min_ram" || key == "min_disk" ||
             key == "virtual_size") {
    const auto bound = whole_number(value);
    if (!bound)
      return invalid(key, "a number of bytes, MiB or GiB, 0 or more");
    const auto test = key == "size_min"   ? test_kind::at_least
                      : key == "size_max" ? test_kind::at_most
                                          : test_kind::any_of;
    auto filter = filter_of(key.starts_with("size") ? "size" : key, test, {});
    filter.numbers.push_back(static_cast<std::int64_t>(std::min(*bound, most_number)));
    into.filters.push_back(std::move(filter));
  } else if (key == "created_at" || key == "updated_at") {
    auto filter = parse_time_filter(key, value);
    if (!filter)
      return tl::unexpected<failure>{filter.error()};
    into.filters.push_back(std::move(*filter));
  } else if (is_one_of(key, listable) && value.starts_with("in:")) {
    into.filters.push_back(filter_of(key, test_kind::any_of, split(std::string_view{value}.substr(3))));
  } else if (key == "name" && !query.name) {
    query.name = value;
  } else if (key == "status" && !query.status) {
    query.status = value;
  } else {
    into.filters.push_back(filter_of(key, test_kind::any_of, std::vector<std::string>{value}));
  }
  return {};
}

}  // namespace

result<image_listing> parse_image_listing(const query_pairs& pairs, const schemas::identity& who) {
  image_listing listing;
  listing.query.project_id = who.project_id;
  listing.query.all_projects = who.is_admin();
  listing.limit = default_limit;
  order_words words;
  for (const auto& [key, value] : pairs) {
    if (key == "limit") {
      const auto limit = parse_limit(value);
      if (!limit)
        return tl::unexpected<failure>{limit.error()};
      listing.limit = *limit;
    } else if (key == "marker") {
      if (!is_uuid(value))
        return invalid(key, "the id of an image");
      listing.marker = value;
    } else if (key == "sort_key") {
      words.keys.push_back(value);
    } else if (key == "sort_dir") {
      words.directions.push_back(value);
    } else if (key == "sort") {
      words.combined = value;
    } else if (const auto applied = apply_filter(key, value, listing); !applied) {
      return tl::unexpected<failure>{applied.error()};
    }
  }
  auto order = parse_order(words);
  if (!order)
    return tl::unexpected<failure>{order.error()};
  listing.order = std::move(*order);
  listing.query.ascending = listing.in_record_order() && listing.order.front().ascending;
  return listing;
}

}  // namespace sluice::http
