// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string_view>

namespace sluice::http {

/// Whether two words are the same but for the case of ASCII letters. Instead of Beast's iequals, which reads the byte
/// behind the end of both where they differ in case (1.81, core/impl/string.ipp).
[[nodiscard]] constexpr bool same_word(std::string_view one, std::string_view other) noexcept {
  constexpr auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(one, other, {}, lower, lower);
}

}  // namespace sluice::http
