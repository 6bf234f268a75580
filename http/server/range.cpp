// SPDX-License-Identifier: Apache-2.0
#include "http/server/range.hpp"

#include <charconv>
#include <limits>
#include <optional>
#include <system_error>

#include "http/letter_case.hpp"
#include "http/server/white_space.hpp"

namespace sluice::http {
namespace {

constexpr auto huge = std::numeric_limits<std::uint64_t>::max();

/// Digits only; a number beyond 64 bits is as good as the largest one.
std::optional<std::uint64_t> number(std::string_view text) noexcept {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  std::uint64_t value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc::result_out_of_range)
    return huge;
  return value;
}

constexpr byte_range of_kind(byte_range::kind what) noexcept {
  byte_range range;
  range.what = what;
  return range;
}

constexpr byte_range part_of(std::uint64_t first, std::uint64_t length) noexcept {
  byte_range range;
  range.what = byte_range::kind::part;
  range.first = first;
  range.length = length;
  return range;
}

}  // namespace

byte_range parse_range(std::string_view field, std::uint64_t size) noexcept {
  using enum byte_range::kind;
  if (field.empty())
    return of_kind(whole);
  const auto equals = field.find('=');
  if (equals == std::string_view::npos)
    return of_kind(invalid);
  if (!same_word(trimmed(field.substr(0, equals)), "bytes"))
    return of_kind(whole);  // RFC 9110 section 14.2: an unknown unit is ignored
  const auto set = trimmed(field.substr(equals + 1));
  const auto dash = set.find('-');
  if (dash == std::string_view::npos || set.find(',') != std::string_view::npos)
    return of_kind(invalid);
  const auto left = set.substr(0, dash);
  const auto right = set.substr(dash + 1);
  if (left.empty()) {  // the last n bytes
    const auto wanted = number(right);
    if (!wanted)
      return of_kind(invalid);
    if (*wanted == 0 || size == 0)
      return of_kind(unsatisfiable);
    const auto length = *wanted < size ? *wanted : size;
    return part_of(size - length, length);
  }
  const auto first = number(left);
  const auto last = right.empty() ? std::optional<std::uint64_t>{huge} : number(right);
  if (!first || !last || *last < *first)
    return of_kind(invalid);
  if (*first >= size)
    return of_kind(unsatisfiable);
  const auto end = *last < size ? *last : size - 1;
  return part_of(*first, end - *first + 1);
}

}  // namespace sluice::http
