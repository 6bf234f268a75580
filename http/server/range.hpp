// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::http {

/// What a Range field asks for of a representation of known length (RFC 9110 section 14).
struct byte_range {
  enum class kind : std::uint8_t {
    whole,          ///< no range, or a unit that is not bytes: 200
    part,           ///< 206 with `first`, `length`
    unsatisfiable,  ///< 416
    invalid,        ///< 400: several ranges, or not the grammar
  };
  kind what = kind::whole;
  std::uint64_t first = 0;
  std::uint64_t length = 0;  ///< bytes, at least 1 for a part

  friend bool operator==(const byte_range&, const byte_range&) = default;
};

/// `field` is the value of the Range field, empty when there is none.
[[nodiscard]] byte_range parse_range(std::string_view field, std::uint64_t size) noexcept;

}  // namespace sluice::http
