// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/json_writing.hpp"

namespace sluice::schemas {

/// Whether every byte is printable ASCII and none is a quote or a backslash: such text stands in JSON as it is. Looked
/// at eight bytes at a time, because listings are made of little else.
[[nodiscard]] inline bool is_plain(std::string_view text) noexcept {
  constexpr std::uint64_t each = 0x0101010101010101;
  constexpr std::uint64_t high = 0x80 * each;
  const auto has = [](std::uint64_t bytes, std::uint64_t byte) {  // exact where no byte has its high bit
    const auto same_are_zero = bytes ^ (byte * each);
    return (same_are_zero - each) & ~same_are_zero;
  };
  std::uint64_t odd = 0;
  const auto look_at = [&](std::uint64_t bytes) {
    odd |= bytes | ((bytes - 0x20 * each) & ~bytes) | has(bytes, 0x7f) | has(bytes, '"') | has(bytes, '\\');
  };
  const auto at = [&text](std::size_t from) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, text.data() + from, sizeof bytes);
    return bytes;
  };
  constexpr std::size_t step = sizeof odd;
  if (text.size() < step) {
    auto bytes = ' ' * each;
    for (const char byte : text)
      bytes = bytes << 8 | static_cast<unsigned char>(byte);
    look_at(bytes);
  } else {
    for (std::size_t from = 0; from + step < text.size(); from += step)
      look_at(at(from));
    look_at(at(text.size() - step));  // again what of it was looked at before
  }
  return (odd & high) == 0;
}

/// `text` as a JSON string at the end of `out`; what is not valid UTF-8 becomes U+FFFD.
inline void append_json_string(std::string& out, std::string_view text) {
  if (is_plain(text))
    out.append(1, '"').append(text).append(1, '"');
  else
    out.append(written(json_writer(text)));
}

/// One JSON object, written straight into a string, member after member. For what is written by the thousand: listings
/// of images. Names must need no escaping.
class json_object_text {
 public:
  explicit json_object_text(std::string& out) : out_{out} { out_.push_back('{'); }
  void close() { out_.push_back('}'); }

  void text(std::string_view name, std::string_view value) {
    append_name(name);
    append_json_string(out_, value);
  }
  /// null when there is nothing to say
  void text_or_null(std::string_view name, std::string_view value) {
    if (value.empty())
      null(name);
    else
      text(name, value);
  }
  void number(std::string_view name, std::uint64_t value) {
    append_name(name);
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out_.append(digits, end);
  }
  void flag(std::string_view name, bool value) {
    append_name(name);
    out_.append(value ? "true" : "false");
  }
  void null(std::string_view name) {
    append_name(name);
    out_.append("null");
  }
  void texts(std::string_view name, const std::vector<std::string>& values) {
    append_name(name);
    out_.push_back('[');
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i != 0)
        out_.push_back(',');
      append_json_string(out_, values[i]);
    }
    out_.push_back(']');
  }

 private:
  void append_name(std::string_view name) {
    if (!first_)
      out_.push_back(',');
    first_ = false;
    append_json_string(out_, name);
    out_.push_back(':');
  }
  std::string& out_;
  bool first_ = true;
};

}  // namespace sluice::schemas
