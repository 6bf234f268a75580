// SPDX-License-Identifier: Apache-2.0
#include "http/api/image_selection.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <compare>
#include <cstring>
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

std::weak_ordering compared(image_column column, const image_row& left, const image_row& right) {
  switch (column) {
    case image_column::created_at: return left.created_at <=> right.created_at;  // not by the second, as filters do
    case image_column::updated_at: return left.updated_at <=> right.updated_at;
    default: break;
  }
  if (is_number(column))
    return number_of(left, column) <=> number_of(right, column);
  return text_of(left, column) <=> text_of(right, column);
}

}  // namespace

std::optional<image_column> image_column_from(std::string_view attribute) noexcept {
  const auto* const found = std::ranges::find(columns, attribute, [](const auto& each) { return each.first; });
  return found == columns.end() ? std::nullopt : std::optional{found->second};
}

bool is_number(image_column column) noexcept {
  return column >= image_column::min_disk;
}

std::optional<bool> matches(const image_filter& filter, const image_row& row) {
  if (filter.column && is_number(*filter.column)) {
    const auto value = number_of(row, *filter.column);
    return value && compares(filter.test, *value, filter.numbers);
  }
  if (filter.column) {
    const auto value = text_of(row, *filter.column);
    return value && std::ranges::find(filter.values, *value) != filter.values.end();
  }
  const auto may_have = [&row](std::uint64_t trait) { return (row.traits & trait) != 0; };
  if (filter.test == test_kind::all_tags) {
    if (!std::ranges::all_of(filter.values, [&](const auto& tag) { return may_have(persistence::trait_of_tag(tag)); }))
      return false;
  } else if (!is_of_record_alone(filter.attribute)) {
    if (!std::ranges::any_of(filter.values, [&](const auto& value) {
          return may_have(persistence::trait_of_property(filter.attribute, value));
        }))
      return false;
  }
  return std::nullopt;
}

bool matches(const image_filter& filter, const schemas::image& record) {
  if (filter.test == test_kind::all_tags)
    return std::ranges::all_of(
        filter.values, [&](const auto& tag) { return std::ranges::binary_search(record.properties.tags, tag); });
  if (filter.column)
    return matches(filter, persistence::row_of(record)).value_or(false);
  const auto value = attribute_of(record, filter.attribute);
  return value && std::ranges::find(filter.values, *value) != filter.values.end();
}

bool comes_before(const image_orders& order, const image_row& left, const image_row& right) {
  for (const auto& key : order) {
    const auto outcome = compared(key.column, left, right);
    if (outcome != 0)
      return key.ascending ? outcome < 0 : outcome > 0;
  }
  return order.front().ascending ? left.id < right.id : left.id > right.id;
}

first_rows::kept::kept(const image_row& of) : row{of} {
  const auto bytes = of.id.size() + of.name.value_or("").size() + of.disk_format.size() + of.container_format.size();
  text = std::make_unique<char[]>(bytes);
  auto* free = text.get();
  const auto copy = [&free](std::string_view from) {
    const std::string_view copied{free, from.size()};
    if (!from.empty())
      std::memcpy(free, from.data(), from.size());
    free += from.size();
    return copied;
  };
  row.id = copy(of.id);
  if (of.name)
    row.name = copy(*of.name);
  row.disk_format = copy(of.disk_format);
  row.container_format = copy(of.container_format);
  row.owner = {};
  row.visibility = {};
}

void first_rows::add(const image_row& row) {
  if (limit_ == 0 || (full_ && !comes_before(order_, row, rows_[limit_ - 1].row)))
    return;
  rows_.emplace_back(row);
  constexpr std::size_t slack = 512;
  if (rows_.size() >= 2 * limit_ + slack)
    prune();
}

void first_rows::prune() {
  if (rows_.size() <= limit_)
    return;
  const auto last = rows_.begin() + static_cast<std::ptrdiff_t>(limit_ - 1);
  std::nth_element(rows_.begin(), last, rows_.end(), [this](const auto& l, const auto& r) { return before(l, r); });
  rows_.erase(last + 1, rows_.end());
  full_ = true;
}

std::vector<std::string> first_rows::take_ids() {
  prune();
  std::ranges::sort(rows_, [this](const auto& l, const auto& r) { return before(l, r); });
  std::vector<std::string> ids;
  ids.reserve(rows_.size());
  for (const auto& each : rows_)
    ids.emplace_back(each.row.id);
  rows_.clear();
  full_ = false;
  return ids;
}

}  // namespace sluice::http
