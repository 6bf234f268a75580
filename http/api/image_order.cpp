// SPDX-License-Identifier: Apache-2.0
#include "http/api/image_order.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

namespace sluice::http {
namespace {

using persistence::image_row;

/// Eight bytes of the key as a number that sorts as they do; zeros where the key has ended.
std::uint64_t word_of(std::string_view key, std::size_t from) noexcept {
  std::uint64_t word = 0;
  for (auto at = from; at < from + sizeof word; ++at)
    word = word << 8 | (at < key.size() ? static_cast<unsigned char>(key[at]) : 0U);
  return word;
}

/// Ends with two zeros, which no text of the same beginning has there: a zero inside is followed by a one.
void append_text(std::string& key, std::string_view text) {
  for (auto zero = text.find('\0'); zero != std::string_view::npos; zero = text.find('\0')) {
    key.append(text.substr(0, zero + 1)).push_back('\1');
    text.remove_prefix(zero + 1);
  }
  const auto at = key.size();
  key.resize(at + text.size() + 2);
  text.copy(key.data() + at, text.size());
}

std::uint64_t sortable(std::int64_t number) noexcept {
  return static_cast<std::uint64_t>(number) ^ (std::uint64_t{1} << 63);
}

void append_number(std::string& key, std::int64_t number) {
  const auto bits = sortable(number);
  std::array<char, sizeof bits> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<char>(bits >> (56 - 8 * i));
  key.append(bytes.data(), bytes.size());
}

/// Makes what was less the greater one. Eight bytes at a time: it is done for every row of a descending order.
void turn_round(char* bytes, std::size_t count) {
  for (std::uint64_t word = 0; count >= sizeof word; bytes += sizeof word, count -= sizeof word) {
    std::memcpy(&word, bytes, sizeof word);
    word = ~word;
    std::memcpy(bytes, &word, sizeof word);
  }
  for (; count > 0; ++bytes, --count)
    *bytes = static_cast<char>(~*bytes);
}

/// Times by the microsecond, not by the second as filters have them.
std::optional<std::int64_t> sorted_number(const image_row& row, image_column column) {
  if (column == image_column::created_at)
    return row.created_at.time_since_epoch().count();
  if (column == image_column::updated_at)
    return row.updated_at.time_since_epoch().count();
  return number_of(row, column);
}

void append_column(std::string& key, const image_order& by, const image_row& row) {
  const auto from = key.size();
  const auto append = [&key](const auto& value, auto append_value) {
    key.push_back(value ? '\1' : '\0');
    if (value)
      append_value(key, *value);
  };
  if (is_number(by.column))
    append(sorted_number(row, by.column), append_number);
  else
    append(text_of(row, by.column), append_text);
  if (!by.ascending)
    turn_round(key.data() + from, key.size() - from);
}

/// No greater than the first word of any sort key of the row, and found without writing one: enough to leave out most
/// of the rows that come too late.
std::uint64_t least_first_word(const image_order& by, const image_row& row) {
  constexpr int present = 56;
  std::uint64_t word = 0;
  std::size_t known_bytes = 1;
  if (is_number(by.column)) {
    if (const auto number = sorted_number(row, by.column)) {
      word = std::uint64_t{1} << present | sortable(*number) >> 8;
      known_bytes = sizeof word;
    }
  } else if (const auto text = text_of(row, by.column)) {
    word = std::uint64_t{1} << present;
    for (; known_bytes < sizeof word && known_bytes <= text->size() && (*text)[known_bytes - 1] != 0; ++known_bytes)
      word |= std::uint64_t{static_cast<unsigned char>((*text)[known_bytes - 1])} << (present - 8 * known_bytes);
  }
  return by.ascending ? word : word ^ ~std::uint64_t{0} << (64 - 8 * known_bytes);
}

/// The id as the last key, which decides between equals.
void append_id(std::string& key, const image_orders& order, const image_row& row) {
  append_column(key, {image_column::id, order.front().ascending}, row);
}

}  // namespace

std::string sort_key(const image_orders& order, const image_row& row) {
  std::string key;
  for (const auto& by : order)
    append_column(key, by, row);
  append_id(key, order, row);
  return key;
}

void first_rows::add(const image_row& row) {
  if (limit_ == 0 || (!last_.empty() && least_first_word(order_.front(), row) > word_of(last_, 0)))
    return;
  key_.clear();
  for (const auto& by : order_) {
    append_column(key_, by, row);
    // Most others that are too late are so by what they are sorted by first.
    if (!last_.empty() && std::memcmp(key_.data(), last_.data(), std::min(key_.size(), last_.size())) > 0)
      return;
  }
  append_id(key_, order_, row);
  if ((!last_.empty() && key_ >= last_) || (!after_.empty() && key_ <= after_))
    return;
  rows_.push_back({{word_of(key_, 0), word_of(key_, 8)},
                   text_.size(),
                   static_cast<std::uint32_t>(key_.size()),
                   static_cast<std::uint32_t>(row.id.size())});
  text_.append(key_).append(row.id);
  constexpr std::size_t slack = 512;
  if (rows_.size() >= 2 * limit_ + slack)
    prune();
}

void first_rows::prune() {
  if (rows_.empty() || rows_.size() < limit_)
    return;
  const auto last = rows_.begin() + static_cast<std::ptrdiff_t>(limit_ - 1);
  std::nth_element(rows_.begin(), last, rows_.end(),
                   [this](const auto& left, const auto& right) { return comes_before(left, right); });
  rows_.erase(last + 1, rows_.end());
  last_ = key_of(rows_.back());
  std::string text;
  text.reserve(text_.size());
  for (auto& row : rows_) {
    const auto at = std::exchange(row.at, text.size());
    text.append(text_, at, std::size_t{row.key_bytes} + row.id_bytes);
  }
  text_ = std::move(text);
}

std::vector<std::string> first_rows::take_ids() {
  prune();
  std::ranges::sort(rows_, [this](const auto& left, const auto& right) { return comes_before(left, right); });
  std::vector<std::string> ids;
  ids.reserve(rows_.size());
  for (const auto& row : rows_)
    ids.emplace_back(text_, row.at + row.key_bytes, row.id_bytes);
  last_ = rows_.empty() ? std::string{} : std::string{key_of(rows_.back())};
  rows_.clear();
  text_.clear();
  return ids;
}

}  // namespace sluice::http
