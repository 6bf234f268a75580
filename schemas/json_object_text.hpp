// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/json_writing.hpp"

namespace sluice::schemas {

/// `text` as a JSON string at the end of `out`; what is not valid UTF-8 becomes U+FFFD.
inline void append_json_string(std::string& out, std::string_view text) {
  const auto is_plain = [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; };
  for (const char c : text)
    if (!is_plain(c)) {
      out.append(written(json_writer(text)));
      return;
    }
  out.append(1, '"').append(text).append(1, '"');
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
