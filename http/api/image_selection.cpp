// SPDX-License-Identifier: Apache-2.0
#include "http/api/image_selection.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "http/api/image_attributes.hpp"

namespace sluice::http {
namespace {

using persistence::image_row;
using test_kind = image_filter::comparison;

constexpr std::array<std::pair<std::string_view, image_column>, 15> columns{{
    {"id", image_column::id},
    {"name", image_column::name},
    {"status", image_column::status},
    {"visibility", image_column::visibility},
    {"owner", image_column::owner},
    {"disk_format", image_column::disk_format},
    {"container_format", image_column::container_format},
    {"protected", image_column::is_protected},
    {"os_hidden", image_column::os_hidden},
    {"min_disk", image_column::min_disk},
    {"min_ram", image_column::min_ram},
    {"size", image_column::size},
    {"virtual_size", image_column::virtual_size},
    {"created_at", image_column::created_at},
    {"updated_at", image_column::updated_at},
}};

std::int64_t seconds(schemas::time_point when) {
  return std::chrono::floor<std::chrono::seconds>(when).time_since_epoch().count();
}

std::optional<std::string_view> non_empty(std::string_view text) {
  return text.empty() ? std::optional<std::string_view>{} : text;
}

std::optional<std::int64_t> number_of(const std::optional<std::uint64_t>& value) {
  return value ? std::optional<std::int64_t>{static_cast<std::int64_t>(*value)} : std::nullopt;
}

bool compares(test_kind test, std::int64_t value, const std::vector<std::int64_t>& with) {
  switch (test) {
    case test_kind::any_of: return std::ranges::find(with, value) != with.end();
    case test_kind::at_least: return value >= with.front();
    case test_kind::at_most: return value <= with.front();
    case test_kind::less: return value < with.front();
    case test_kind::greater: return value > with.front();
    case test_kind::differs: return value != with.front();
    case test_kind::all_tags: break;
  }
  return false;
}

}  // namespace

std::optional<image_column> image_column_from(std::string_view attribute) noexcept {
  const auto* const found = std::ranges::find(columns, attribute, [](const auto& each) { return each.first; });
  return found == columns.end() ? std::nullopt : std::optional{found->second};
}

bool is_number(image_column column) noexcept {
  return column >= image_column::min_disk;
}

std::optional<std::string_view> text_of(const image_row& row, image_column column) {
  switch (column) {
    case image_column::id: return row.id;
    case image_column::name: return row.name;
    case image_column::status: return to_string(row.status);
    case image_column::visibility: return row.visibility;
    case image_column::owner: return row.owner;
    case image_column::disk_format: return non_empty(row.disk_format);
    case image_column::container_format: return non_empty(row.container_format);
    case image_column::is_protected: return row.is_protected ? "true" : "false";
    case image_column::os_hidden: return row.os_hidden ? "true" : "false";
    case image_column::min_disk:
    case image_column::min_ram:
    case image_column::size:
    case image_column::virtual_size:
    case image_column::created_at:
    case image_column::updated_at: break;
  }
  return std::nullopt;
}

std::optional<std::int64_t> number_of(const image_row& row, image_column column) {
  switch (column) {
    case image_column::min_disk: return row.min_disk;
    case image_column::min_ram: return row.min_ram;
    case image_column::size: return number_of(row.size);
    case image_column::virtual_size: return number_of(row.virtual_size);
    case image_column::created_at: return seconds(row.created_at);
    case image_column::updated_at: return seconds(row.updated_at);
    default: return std::nullopt;
  }
}

bool may_match(const image_filter& filter, const image_row& row) {
  if (filter.column && is_number(*filter.column)) {
    const auto value = number_of(row, *filter.column);
    return value && compares(filter.test, *value, filter.numbers);
  }
  if (filter.column) {
    const auto value = text_of(row, *filter.column);
    return value && std::ranges::find(filter.values, *value) != filter.values.end();
  }
  const auto has = [&row](persistence::trait trait) { return may_have(row, trait); };
  return filter.test == test_kind::all_tags ? std::ranges::all_of(filter.traits, has)
                                            : std::ranges::any_of(filter.traits, has);
}

bool matches(const image_filter& filter, const schemas::image& record) {
  if (filter.test == test_kind::all_tags)
    return std::ranges::all_of(
        filter.values, [&](const auto& tag) { return std::ranges::binary_search(record.properties.tags, tag); });
  if (filter.column)
    return may_match(filter, persistence::row_of(record));
  const auto value = attribute_of(record, filter.attribute);
  return value && std::ranges::find(filter.values, *value) != filter.values.end();
}

}  // namespace sluice::http
