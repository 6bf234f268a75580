// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "schemas/failure.hpp"

/// Untrusted JSON, read whole and under caps before anything looks at it. A document that gets through is RFC 8259 in
/// valid UTF-8, holds no duplicate key at any level, no lone surrogate and no more than its limits allow, so that what
/// follows only has to judge meaning.
namespace sluice::schemas {

struct json_member;
struct json_value;

/// A number as it was written: nothing is rounded before somebody says which numbers are wanted.
struct json_number {
  std::string text;
};
using json_array = std::vector<json_value>;
using json_object = std::vector<json_member>;

struct json_value {
  std::variant<std::nullptr_t, bool, json_number, std::string, json_array, json_object> content;

  /// Each is null when the value is of another kind.
  [[nodiscard]] const bool* as_bool() const noexcept { return std::get_if<bool>(&content); }
  [[nodiscard]] const json_number* as_number() const noexcept { return std::get_if<json_number>(&content); }
  [[nodiscard]] const std::string* as_string() const noexcept { return std::get_if<std::string>(&content); }
  [[nodiscard]] const json_array* as_array() const noexcept { return std::get_if<json_array>(&content); }
  [[nodiscard]] const json_object* as_object() const noexcept { return std::get_if<json_object>(&content); }
  [[nodiscard]] bool is_null() const noexcept { return std::holds_alternative<std::nullptr_t>(content); }
  /// The member of that name; null when this is no object or has none.
  [[nodiscard]] const json_value* find(std::string_view name) const noexcept;
};

struct json_member {
  std::string name;
  json_value value;
};

/// What a document may hold at most. The defaults are those of a request.
struct json_limits {
  std::size_t bytes = 64 << 10;
  std::size_t depth = 8;        ///< of objects and arrays in one another
  std::size_t members = 200;    ///< of all objects together
  std::size_t elements = 1000;  ///< of all arrays together
  bool nul_allowed = false;     ///< U+0000 inside strings
};

/// Refusals: `payload_too_large` over the limit of bytes, `invalid_json` for all else; a duplicate key is named by
/// `field`.
[[nodiscard]] result<json_value> parse_json(std::string_view text, const json_limits& limits = {});

/// `parent` followed by one more step of a JSON Pointer (RFC 6901); a step too long to show is left out.
[[nodiscard]] std::string json_pointer(std::string_view parent, std::string_view step);

/// The value as JSON again; a number as it was written.
[[nodiscard]] std::string json_text(const json_value& value);

/// A whole number from 0 to `most`, written without sign, point or exponent.
[[nodiscard]] result<std::uint64_t> whole_number(const json_value& value, std::uint64_t most,
                                                 const std::string& pointer);

/// "a string", "a number", …: what came, for messages.
[[nodiscard]] std::string_view kind_of(const json_value& value) noexcept;

/// Refuses a value as `invalid_request`: "Expected WHAT, got a number." `got` is null when there is none.
[[nodiscard]] tl::unexpected<failure> expected(const std::string& what, const json_value* got,
                                               const std::string& pointer);

/// The first member of `object` that is not among `known`, refused as `unknown_member`.
[[nodiscard]] result<void> only_known_members(const json_object& object, std::initializer_list<std::string_view> known,
                                              std::string_view pointer);

}  // namespace sluice::schemas
