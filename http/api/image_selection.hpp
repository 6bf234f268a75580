// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/image_row.hpp"
#include "schemas/image.hpp"

/// Which images a listing takes, decided on rows as far as rows know: what is in none is told by traits, and what is
/// taken by traits is looked at again once its record is read. Pure.
namespace sluice::http {

/// What a row knows of an image.
enum class image_column : std::uint8_t {
  id,
  name,
  status,
  visibility,
  owner,
  disk_format,
  container_format,
  is_protected,
  os_hidden,
  min_disk,
  min_ram,
  size,
  virtual_size,
  created_at,
  updated_at,
};
[[nodiscard]] std::optional<image_column> image_column_from(std::string_view attribute) noexcept;
/// Compared as numbers (bytes, MiB, GiB, seconds since 1970), not as text.
[[nodiscard]] bool is_number(image_column column) noexcept;

/// One test: the attribute equals one of the values, or compares with the one number.
struct image_filter {
  enum class comparison : std::uint8_t { any_of, all_tags, at_least, at_most, less, greater, differs };
  std::string attribute;
  std::optional<image_column> column = {};  ///< none: a tag or a property
  comparison test = comparison::any_of;
  std::vector<std::string> values = {};
  std::vector<std::int64_t> numbers = {};       ///< of a column that is one
  std::vector<persistence::trait> traits = {};  ///< of the values, where there is no column
};

/// False: the image does not pass. True: it does, or, where the filter has no column, it may.
[[nodiscard]] bool may_match(const image_filter& filter, const persistence::image_row& row);
[[nodiscard]] bool matches(const image_filter& filter, const schemas::image& record);

/// What a row holds in a column; none where the image does not have it. Text of a column that is a number is none, and
/// the other way round. Times are in whole seconds.
[[nodiscard]] std::optional<std::string_view> text_of(const persistence::image_row& row, image_column column);
[[nodiscard]] std::optional<std::int64_t> number_of(const persistence::image_row& row, image_column column);

}  // namespace sluice::http
