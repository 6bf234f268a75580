// SPDX-License-Identifier: Apache-2.0
#include "http/command/wording.hpp"

#include <langinfo.h>

#include <array>
#include <cstdio>
#include <cwchar>

namespace sluice::command {
namespace {

/// Bytes of the UTF-8 sequence at the start of `text` with its code point; {1, U+FFFD} when it is broken.
struct character {
  std::size_t length;
  char32_t code;
};

character first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80)
    return {1, lead};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 1;
  if (length == 1 || text.size() < length)
    return {1, 0xFFFD};
  auto code = static_cast<char32_t>(lead & (0xFF >> (length + 1)));
  for (std::size_t index = 1; index < length; ++index) {
    const auto next = static_cast<unsigned char>(text[index]);
    if ((next & 0xC0) != 0x80)
      return {1, 0xFFFD};
    code = (code << 6) | (next & 0x3F);
  }
  return {length, code};
}

/// C0, DEL and C1 controls, and the marks that reorder text.
bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x200E && code <= 0x200F) ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

std::size_t width_of(char32_t code) {
  const auto width = ::wcwidth(static_cast<wchar_t>(code));
  return width < 0 ? 1 : static_cast<std::size_t>(width);
}

}  // namespace

std::string human_size(std::uint64_t bytes) {
  static constexpr std::array<const char*, 6> units{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024)
    return std::to_string(bytes) + " B";
  auto value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  // 1023.95 would print as "1024": it belongs to the next unit.
  while (value >= 999.5 && unit + 1 < units.size()) {
    value /= 1024;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(),
                value < 9.995   ? "%.2f %s"
                : value < 99.95 ? "%.1f %s"
                                : "%.0f %s",
                value, units[unit]);
  return text.data();
}

std::string human_duration(std::chrono::seconds span) {
  const auto seconds = span.count();
  if (seconds < 60)
    return std::to_string(seconds) + " s";
  if (seconds < 3600)
    return std::to_string(seconds / 60) + " min " + std::to_string(seconds % 60) + " s";
  return std::to_string(seconds / 3600) + " h " + std::to_string(seconds % 3600 / 60) + " min";
}

std::string human_queue_position(std::uint64_t position) {
  if (position <= 1)
    return "next in the queue";
  const auto last = position % 10;
  const bool teen = position % 100 / 10 == 1;
  const char* ending = teen ? "th" : last == 1 ? "st" : last == 2 ? "nd" : last == 3 ? "rd" : "th";
  return std::to_string(position) + ending + " in the queue";
}

std::string printable(std::string_view text, bool utf8) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const auto [length, code] = first_character(text);
    if (is_control(code) || (code == 0xFFFD && length == 1))
      result += code == '\n' || code == '\t' ? ' ' : '?';
    else if (code >= 0x80 && !utf8)
      result += '?';
    else
      result += text.substr(0, length);
    text.remove_prefix(length);
  }
  return result;
}

std::size_t columns(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const auto [length, code] = first_character(text);
    width += width_of(code);
    text.remove_prefix(length);
  }
  return width;
}

std::string shortened(std::string_view text, std::size_t width) {
  std::size_t used = 0;
  std::size_t end = 0;
  while (end < text.size()) {
    const auto [length, code] = first_character(text.substr(end));
    used += width_of(code);
    if (used > width)
      break;
    end += length;
  }
  return std::string{text.substr(0, end)};
}

bool locale_is_utf8() {
  return std::string_view{::nl_langinfo(CODESET)} == "UTF-8";
}

}  // namespace sluice::command
