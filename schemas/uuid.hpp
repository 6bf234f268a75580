// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace sluice::schemas {

/// 8-4-4-4-12 hexadecimal digits (RFC 9562, section 4), in either case: what may be looked up as an id.
[[nodiscard]] inline bool is_uuid(std::string_view text) noexcept {
  constexpr std::string_view form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  constexpr std::string_view digits = "0123456789abcdefABCDEF";
  const auto fits = [&](char wanted, char got) {
    return wanted == '-' ? got == '-' : digits.find(got) != std::string_view::npos;
  };
  return std::ranges::equal(form, text, fits);
}

/// A new id for a record. Unguessable: 122 bits from the system's entropy source (RFC 9562, version 4).
[[nodiscard]] std::string random_uuid();

}  // namespace sluice::schemas
