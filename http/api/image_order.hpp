// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/api/image_selection.hpp"
#include "persistence/image_row.hpp"

/// In which order a listing gives images, and which of very many come first in it. Pure.
namespace sluice::http {

struct image_order {
  image_column column = image_column::created_at;
  bool ascending = false;
};
using image_orders = std::vector<image_order>;

/// What a row is sorted by, as bytes that sort as rows do: by the keys of the order, then by id as its first key goes.
/// What an image does not have comes before all that others have. No two images have the same sort key.
[[nodiscard]] std::string sort_key(const image_orders& order, const persistence::image_row& row);

/// The first `limit` rows of many, in order, in memory that does not grow with how many there were.
class first_rows {
 public:
  /// `after`: a sort key; rows that do not come after it are left out. Empty: all may be taken.
  first_rows(const image_orders& order, std::size_t limit, std::string after = {})
      : order_{order}, limit_{limit}, after_{std::move(after)} {}
  /// Copies what it needs of the row.
  void add(const persistence::image_row& row);
  /// Their ids, in order; the rows are gone afterwards.
  [[nodiscard]] std::vector<std::string> take_ids();
  /// The sort key of the last id that was taken.
  [[nodiscard]] const std::string& last() const noexcept { return last_; }

 private:
  /// A row that has a chance. Its sort key and its id are in `text_`, one behind the other.
  struct kept {
    std::array<std::uint64_t, 2> head;  ///< the key's first bytes, enough for most comparisons
    std::size_t at;
    std::uint32_t key_bytes, id_bytes;
  };
  [[nodiscard]] std::string_view key_of(const kept& row) const noexcept {
    return std::string_view{text_}.substr(row.at, row.key_bytes);
  }
  [[nodiscard]] bool comes_before(const kept& left, const kept& right) const noexcept {
    for (std::size_t word = 0; word < left.head.size(); ++word)
      if (left.head[word] != right.head[word])
        return left.head[word] < right.head[word];
    return key_of(left) < key_of(right);
  }
  void prune();

  const image_orders& order_;
  std::size_t limit_;
  std::string after_;
  std::string last_;  ///< not empty: `limit` rows come before this, or are it
  std::string key_;   ///< of the row that is looked at
  std::string text_;
  std::vector<kept> rows_;
};

}  // namespace sluice::http
