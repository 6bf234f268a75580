// SPDX-License-Identifier: Apache-2.0
#include "schemas/text.hpp"

#include <algorithm>

namespace sluice::schemas {
namespace {

bool is_white(char c) {
  return c == '\t' || c == '\n' || c == '\r';
}

/// Copies `text` without control characters; white ones go through `keep`.
template <class Keep>
std::string filtered(std::string_view text, Keep keep) {
  std::string kept;
  kept.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (is_white(text[i])) {
      kept += keep(text[i]);
      continue;
    }
    if (byte < 0x20 || byte == 0x7f)
      continue;
    if (byte == 0xc2) {
      const auto following = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
      // Broken off, it would make a control character of a byte that comes later.
      if (following < 0x80 || following > 0xbf)
        continue;
      if (following <= 0x9f) {  // U+0080 to U+009F
        ++i;
        continue;
      }
    }
    kept += text[i];
  }
  return kept;
}

}  // namespace

std::size_t code_points(std::string_view text) noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string one_line(std::string_view text) {
  return filtered(text, [](char) { return ' '; });
}

std::string many_lines(std::string_view text) {
  return filtered(text, [](char c) { return c; });
}

}  // namespace sluice::schemas
