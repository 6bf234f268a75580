// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <charconv>
#include <cmath>

#include "schemas/metadef_reading.hpp"
#include "schemas/text.hpp"

namespace sluice::schemas {
namespace {

constexpr std::size_t longest_text = 4096;  // code points of titles, descriptions, patterns

enum class kind : std::uint8_t { text, flag, number, count, texts, scalars, anything, of_type, items };

struct member {
  std::string_view name;
  kind what;
};

/// In the order in which they are shown.
constexpr std::array members{
    member{"type", kind::of_type},      member{"title", kind::text},       member{"description", kind::text},
    member{"operators", kind::texts},   member{"default", kind::anything}, member{"readonly", kind::flag},
    member{"minimum", kind::number},    member{"maximum", kind::number},   member{"enum", kind::scalars},
    member{"pattern", kind::text},      member{"minLength", kind::count},  member{"maxLength", kind::count},
    member{"confidential", kind::flag}, member{"items", kind::items},      member{"uniqueItems", kind::flag},
    member{"minItems", kind::count},    member{"maxItems", kind::count},   member{"additionalItems", kind::flag},
};

constexpr std::array<std::string_view, 6> types{"array", "boolean", "integer", "number", "object", "string"};
constexpr std::uint64_t most_counted = 0x7fffffff;

result<json_writer> read_number(const json_number& number, const std::string& pointer) {
  const auto& text = number.text;
  const auto* const end = text.data() + text.size();
  std::int64_t whole = 0;
  if (const auto [stop, fault] = std::from_chars(text.data(), end, whole); fault == std::errc{} && stop == end)
    return json_writer(whole);
  double fraction = 0;
  const auto [stop, fault] = std::from_chars(text.data(), end, fraction);
  if (fault != std::errc{} || stop != end || !std::isfinite(fraction))
    return refuse(error_code::invalid_request, "Expected a number within the range of a double, got another one.",
                  pointer);
  return json_writer(fraction);
}

result<json_writer> read_array(const json_value& value, const std::string& pointer, bool texts_only) {
  const auto* const list = value.as_array();
  if (list == nullptr)
    return expected("an array", &value, pointer);
  json_writer out = json_writer::array();
  for (std::size_t i = 0; i < list->size(); ++i) {
    const auto& each = (*list)[i];
    const auto here = json_pointer(pointer, std::to_string(i));
    if (texts_only && each.as_string() == nullptr)
      return expected("a string", &each, here);
    if (each.as_array() != nullptr || each.as_object() != nullptr)
      return expected("a string, a number or a boolean", &each, here);
    auto element = writable(each, here);
    if (!element)
      return element;
    out.push_back(std::move(*element));
  }
  return out;
}

result<json_writer> read_member(const json_value& value, kind what, const std::string& pointer);

result<json_writer> read_items(const json_value& value, const std::string& pointer) {
  if (value.as_object() == nullptr)
    return expected("an object", &value, pointer);
  json_writer out = json_writer::object();
  for (const auto& [name, what] : {member{"type", kind::of_type}, member{"enum", kind::scalars}})
    if (const auto* const inner = value.find(name)) {
      auto read = read_member(*inner, what, json_pointer(pointer, name));
      if (!read)
        return read;
      out[std::string{name}] = std::move(*read);
    }
  return out;
}

result<json_writer> read_member(const json_value& value, kind what, const std::string& pointer) {
  switch (what) {
    case kind::text:
      if (value.as_string() == nullptr)
        return expected("a string", &value, pointer);
      if (code_points(*value.as_string()) > longest_text)
        return refuse(error_code::invalid_request, "Expected at most 4096 characters, got more.", pointer);
      return json_writer(*value.as_string());
    case kind::flag:
      if (value.as_bool() == nullptr)
        return expected("true or false", &value, pointer);
      return json_writer(*value.as_bool());
    case kind::number:
      if (value.as_number() == nullptr)
        return expected("a number", &value, pointer);
      return read_number(*value.as_number(), pointer);
    case kind::count: {
      const auto count = whole_number(value, most_counted, pointer);
      if (!count)
        return tl::unexpected{count.error()};
      return json_writer(*count);
    }
    case kind::texts: return read_array(value, pointer, true);
    case kind::scalars: return read_array(value, pointer, false);
    case kind::anything: return writable(value, pointer);
    case kind::items: return read_items(value, pointer);
    case kind::of_type: break;
  }
  if (value.as_string() == nullptr || std::ranges::find(types, *value.as_string()) == types.end())
    return refuse(error_code::invalid_request,
                  "Expected array, boolean, integer, number, object or string, got something else.", pointer);
  return json_writer(*value.as_string());
}

}  // namespace

result<json_writer> writable(const json_value& value, const std::string& pointer) {
  if (value.is_null())
    return json_writer(nullptr);
  if (const auto* const flag = value.as_bool())
    return json_writer(*flag);
  if (const auto* const text = value.as_string())
    return json_writer(*text);
  if (const auto* const number = value.as_number())
    return read_number(*number, pointer);
  if (const auto* const list = value.as_array()) {
    json_writer out = json_writer::array();
    for (const auto& each : *list) {
      auto element = writable(each, pointer);
      if (!element)
        return element;
      out.push_back(std::move(*element));
    }
    return out;
  }
  json_writer out = json_writer::object();
  for (const auto& [name, inner] : *value.as_object()) {
    auto element = writable(inner, pointer);
    if (!element)
      return element;
    out[name] = std::move(*element);
  }
  return out;
}

result<metadef_property> read_metadef_property(const json_value& value, const std::string& pointer, bool with_name) {
  if (value.as_object() == nullptr)
    return expected("an object with type and title", &value, pointer);
  metadef_property property;
  if (with_name) {
    const auto* const name = value.find("name");
    if (name == nullptr || name->as_string() == nullptr)
      return refuse(error_code::invalid_request, "Expected the property's name as a string.",
                    json_pointer(pointer, "name"));
    if (auto checked = check_metadef_name(*name->as_string(), json_pointer(pointer, "name")); !checked)
      return tl::unexpected{std::move(checked.error())};
    property.name = *name->as_string();
  }
  json_writer definition = json_writer::object();
  for (const auto& [name, what] : members) {
    const auto* const given = value.find(name);
    const bool needed = name == "type" || name == "title";
    if (given == nullptr && !needed)
      continue;
    const auto here = json_pointer(pointer, name);
    if (given == nullptr)
      return refuse(error_code::invalid_request, "Expected a property with type and title, got one without.", here);
    auto read = read_member(*given, what, here);
    if (!read)
      return tl::unexpected{std::move(read.error())};
    definition[std::string{name}] = std::move(*read);
  }
  property.definition = written(definition);
  return property;
}

result<std::vector<metadef_property>> read_metadef_properties(const json_value& value, const std::string& pointer) {
  const auto* const object = value.as_object();
  if (object == nullptr)
    return expected("an object of properties by their names", &value, pointer);
  std::vector<metadef_property> properties;
  for (const auto& [name, definition] : *object) {
    const auto here = json_pointer(pointer, name);
    if (auto checked = check_metadef_name(name, here); !checked)
      return tl::unexpected{std::move(checked.error())};
    auto property = read_metadef_property(definition, here, false);
    if (!property)
      return tl::unexpected{std::move(property.error())};
    property->name = name;
    properties.push_back(std::move(*property));
  }
  return properties;
}

}  // namespace sluice::schemas
