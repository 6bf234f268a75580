// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/image_row.hpp"
#include "schemas/image.hpp"

/// Which images a listing takes and which of them come first, decided on rows: a record is read only where a row cannot
/// say. Pure.
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
  std::optional<image_column> column = {};  ///< none: a tag or a property, or something only the record has
  comparison test = comparison::any_of;
  std::vector<std::string> values = {};
  std::vector<std::int64_t> numbers = {};  ///< of a column that is one
};

struct image_order {
  image_column column = image_column::created_at;
  bool ascending = false;
};
using image_orders = std::vector<image_order>;

/// Whether the row passes; none when only the record can tell.
[[nodiscard]] std::optional<bool> matches(const image_filter& filter, const persistence::image_row& row);
[[nodiscard]] bool matches(const image_filter& filter, const schemas::image& record);

/// Strict weak order by the keys, then by id. What an image does not have comes before all that others have.
[[nodiscard]] bool comes_before(const image_orders& order, const persistence::image_row& left,
                                const persistence::image_row& right);

/// The first `limit` rows of many, in order, in memory that does not grow with how many there were.
class first_rows {
 public:
  first_rows(const image_orders& order, std::size_t limit) : order_{order}, limit_{limit} {}
  /// Copies what it needs of the row.
  void add(const persistence::image_row& row);
  /// Their ids, in order; the rows are gone afterwards.
  [[nodiscard]] std::vector<std::string> take_ids();

 private:
  struct kept {
    explicit kept(const persistence::image_row& of);
    std::unique_ptr<char[]> text;  ///< what the row's views see
    persistence::image_row row;
  };
  void prune();
  [[nodiscard]] bool before(const kept& left, const kept& right) const {
    return comes_before(order_, left.row, right.row);
  }

  const image_orders& order_;
  std::size_t limit_;
  std::vector<kept> rows_;
  bool full_ = false;  ///< rows_[limit_ - 1] is the last that has a chance
};

}  // namespace sluice::http
