// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <optional>

#include <simdjson.h>

#include "schemas/json_value.hpp"

namespace sluice::schemas {
namespace {

namespace ondemand = simdjson::ondemand;

tl::unexpected<failure> invalid(std::string message, std::string pointer = {}) {
  return refuse(error_code::invalid_json, std::move(message), std::move(pointer));
}

tl::unexpected<failure> malformed() {
  return invalid("The JSON is malformed; expected one complete document as RFC 8259 defines it.");
}

/// The four hexadecimal digits after `\u`.
std::optional<unsigned> code_unit(std::string_view text, std::size_t position) {
  if (text.substr(position, 2) != "\\u" || text.size() < position + 6)
    return std::nullopt;
  unsigned unit = 0;
  const auto* const digits = text.data() + position + 2;
  const auto [end, error] = std::from_chars(digits, digits + 4, unit, 16);
  if (error != std::errc{} || end != digits + 4)
    return std::nullopt;
  return unit;
}

/// Judges the escapes that simdjson lets through: half a surrogate pair stands for no character, and NUL ends strings
/// elsewhere. A backslash outside a string is not JSON, so that all of them may be looked at alike.
result<void> check_escapes(std::string_view text, bool nul_allowed) {
  for (auto at = text.find('\\'); at != std::string_view::npos; at = text.find('\\', at)) {
    const auto unit = code_unit(text, at);
    if (!unit) {
      at += 2;  // a one-letter escape, or something that the parser refuses
      continue;
    }
    at += 6;
    if (*unit == 0 && !nul_allowed)
      return invalid("The JSON holds the character U+0000, which no text needs; remove it.");
    const bool is_high = *unit >= 0xd800 && *unit <= 0xdbff;
    const bool is_low = *unit >= 0xdc00 && *unit <= 0xdfff;
    const auto partner = is_high ? code_unit(text, at).value_or(0) : 0;
    const bool is_pair = partner >= 0xdc00 && partner <= 0xdfff;
    if (is_low || (is_high && !is_pair))
      return invalid("The JSON holds half of a surrogate pair, which stands for no character; remove it.");
    if (is_pair)
      at += 6;
  }
  return {};
}

/// RFC 8259 section 6. simdjson refuses numbers beyond 64 bits as malformed; they are well-formed, only unwanted.
bool is_number(std::string_view text) {
  const auto digits = [&text] {
    std::size_t count = 0;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      text.remove_prefix(1);
      ++count;
    }
    return count;
  };
  const auto skip = [&text](std::string_view any_of) {
    const bool found = !text.empty() && any_of.find(text.front()) != std::string_view::npos;
    if (found)
      text.remove_prefix(1);
    return found;
  };
  skip("-");
  const bool leading_zero = text.starts_with('0');
  const auto whole = digits();
  if (whole == 0 || (leading_zero && whole > 1))
    return false;
  if (skip(".") && digits() == 0)
    return false;
  if (skip("eE")) {
    skip("+-");
    if (digits() == 0)
      return false;
  }
  return text.empty();
}

/// Walks the document once, every value visited and checked; simdjson's errors surface as `malformed`.
class reader {
 public:
  explicit reader(const json_limits& limits) : limits_{limits} {}

  /// The root: an object or an array; no document of ours is a bare word.
  result<json_value> read_root(ondemand::document& document) {
    ondemand::json_type type{};
    ondemand::object object;
    ondemand::array array;
    if (document.type().get(type))
      return malformed();
    if (type == ondemand::json_type::object && !document.get_object().get(object))
      return read_object(object, 1, {});
    if (type == ondemand::json_type::array && !document.get_array().get(array))
      return read_array(array, 1, {});
    return malformed();
  }

 private:
  result<json_value> read(ondemand::value source, std::size_t depth, const std::string& pointer) {
    ondemand::json_type type{};
    if (source.type().get(type))
      return malformed();
    switch (type) {
      case ondemand::json_type::object: {
        ondemand::object object;
        if (source.get_object().get(object))
          return malformed();
        return read_object(object, depth + 1, pointer);
      }
      case ondemand::json_type::array: {
        ondemand::array array;
        if (source.get_array().get(array))
          return malformed();
        return read_array(array, depth + 1, pointer);
      }
      case ondemand::json_type::string: return read_string(source);
      case ondemand::json_type::boolean: return read_boolean(source);
      case ondemand::json_type::number: return read_number(source);
      case ondemand::json_type::null: return read_null(source);
    }
    return malformed();
  }

  static result<json_value> read_string(ondemand::value& source) {
    std::string_view text;
    if (source.get_string().get(text))
      return malformed();
    return json_value{std::string{text}};
  }

  static result<json_value> read_boolean(ondemand::value& source) {
    bool flag = false;
    if (source.get_bool().get(flag))
      return malformed();
    return json_value{flag};
  }

  static result<json_value> read_null(ondemand::value& source) {
    bool is_null = false;
    if (source.is_null().get(is_null) || !is_null)
      return malformed();
    return json_value{nullptr};
  }

  /// The token is taken as written and never converted: the iterator passes over what nobody read.
  static result<json_value> read_number(ondemand::value& source) {
    auto token = source.raw_json_token();
    token = token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
    if (!is_number(token))
      return malformed();
    return json_value{json_number{std::string{token}}};
  }

  result<json_value> read_array(ondemand::array& array, std::size_t depth, const std::string& pointer) {
    if (depth > limits_.depth)
      return too_deep();
    json_array elements;
    for (auto element : array) {
      ondemand::value value;
      if (std::move(element).get(value))
        return malformed();
      if (++elements_ > limits_.elements)
        return invalid("The JSON holds too many array elements; at most " + std::to_string(limits_.elements) +
                       " are read.");
      auto read_value = read(value, depth, json_pointer(pointer, std::to_string(elements.size())));
      if (!read_value)
        return read_value;
      elements.push_back(std::move(*read_value));
    }
    return json_value{std::move(elements)};
  }

  result<json_value> read_object(ondemand::object& object, std::size_t depth, const std::string& pointer) {
    if (depth > limits_.depth)
      return too_deep();
    json_object members;
    for (auto entry : object) {
      ondemand::field field;
      std::string_view name;
      if (std::move(entry).get(field) || field.unescaped_key().get(name))
        return malformed();
      if (++members_ > limits_.members)
        return invalid("The JSON holds too many members; at most " + std::to_string(limits_.members) + " are read.");
      const auto here = json_pointer(pointer, name);
      if (std::ranges::find(members, name, &json_member::name) != members.end())
        return invalid("The JSON holds the same key twice in one object; keep one of them.", here);
      members.push_back({std::string{name}, {}});
      auto read_value = read(field.value(), depth, here);
      if (!read_value)
        return read_value;
      members.back().value = std::move(*read_value);
    }
    return json_value{std::move(members)};
  }

  tl::unexpected<failure> too_deep() const {
    return invalid("The JSON is nested too deeply; at most " + std::to_string(limits_.depth) + " levels are read.");
  }

  const json_limits& limits_;
  std::size_t members_ = 0;
  std::size_t elements_ = 0;
};

}  // namespace

result<json_value> parse_json(std::string_view text, const json_limits& limits) {
  if (text.size() > limits.bytes)
    return refuse(error_code::payload_too_large,
                  "The JSON is larger than " + std::to_string(limits.bytes) + " bytes; send less.");
  if (!simdjson::validate_utf8(text))
    return invalid("The JSON is not valid UTF-8.");
  if (auto checked = check_escapes(text, limits.nul_allowed); !checked)
    return tl::unexpected{checked.error()};
  const simdjson::padded_string padded{text};
  thread_local ondemand::parser parser;
  ondemand::document document;
  if (parser.iterate(padded).get(document))
    return malformed();
  auto read = reader{limits}.read_root(document);
  const char* rest = nullptr;
  if (read && !document.current_location().get(rest))
    return malformed();  // something follows the document
  return read;
}

}  // namespace sluice::schemas
