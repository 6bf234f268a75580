// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace sluice::http {

/// Without the optional white space around it (RFC 9110, section 5.6.3).
[[nodiscard]] constexpr std::string_view trimmed(std::string_view text) noexcept {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos)
    return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

}  // namespace sluice::http
