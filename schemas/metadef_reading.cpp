// SPDX-License-Identifier: Apache-2.0
#include "schemas/metadef_reading.hpp"

#include <initializer_list>

#include "schemas/text.hpp"

namespace sluice::schemas {
namespace {

constexpr json_limits body_limits{std::size_t{64} << 10, 12, 10'000, 10'000, false};
constexpr std::size_t longest_description = 500;
constexpr std::size_t longest_owner = 255;

using words = std::initializer_list<std::string_view>;

/// The body as an object that has no member but `known`; those of `set_here` are the service's own.
result<json_value> read_body(std::string_view body, words set_here, words known) {
  auto document = parse_json(body, body_limits);
  if (!document)
    return document;
  const auto* const object = document->as_object();
  if (object == nullptr)
    return expected("a JSON object", &*document, "");
  for (const auto& member : *object)
    if (std::ranges::find(set_here, member.name) != set_here.end())
      return refuse(error_code::forbidden, "Attribute '" + member.name + "' is read-only.",
                    json_pointer("", member.name));
  if (auto checked = only_known_members(*object, known, ""); !checked)
    return tl::unexpected{std::move(checked.error())};
  return document;
}

/// The text of a member; none when it is absent.
result<std::optional<std::string>> read_text(const json_value& from, std::string_view name, const std::string& parent,
                                             std::size_t longest) {
  const auto* const value = from.find(name);
  if (value == nullptr)
    return std::optional<std::string>{};
  const auto here = json_pointer(parent, name);
  const auto* const text = value->as_string();
  if (text == nullptr)
    return expected("a string", value, here);
  if (code_points(*text) > longest)
    return refuse(error_code::invalid_request, "Expected at most " + std::to_string(longest) + " characters, got more.",
                  here);
  return std::optional{*text};
}

result<std::string> read_name(const json_value& from, std::string_view member, const std::string& parent) {
  const auto* const value = from.find(member);
  const auto here = json_pointer(parent, member);
  if (value == nullptr || value->as_string() == nullptr)
    return refuse(error_code::invalid_request, "Expected a name as a string.", here);
  if (auto checked = check_metadef_name(*value->as_string(), here); !checked)
    return tl::unexpected{std::move(checked.error())};
  return *value->as_string();
}

result<bool> read_flag(const json_value& from, std::string_view name) {
  const auto* const value = from.find(name);
  if (value == nullptr)
    return false;
  if (value->as_bool() == nullptr)
    return expected("true or false", value, json_pointer("", name));
  return *value->as_bool();
}

result<metadef_association> read_association(const json_value& value, const std::string& pointer) {
  if (value.as_object() == nullptr)
    return expected("an object with the name of a resource type", &value, pointer);
  metadef_association read;
  auto name = read_name(value, "name", pointer);
  auto prefix = read_text(value, "prefix", pointer, longest_metadef_name);
  auto target = read_text(value, "properties_target", pointer, longest_metadef_name);
  if (!name)
    return tl::unexpected{std::move(name.error())};
  if (!prefix || !target)
    return tl::unexpected{std::move(prefix ? target.error() : prefix.error())};
  read.name = std::move(*name);
  read.prefix = std::move(*prefix);
  read.properties_target = std::move(*target);
  return read;
}

result<metadef_object> read_object(const json_value& value, const std::string& pointer) {
  if (value.as_object() == nullptr)
    return expected("an object with a name", &value, pointer);
  metadef_object read;
  auto name = read_name(value, "name", pointer);
  if (!name)
    return tl::unexpected{std::move(name.error())};
  read.name = std::move(*name);
  auto description = read_text(value, "description", pointer, body_limits.bytes);
  if (!description)
    return tl::unexpected{std::move(description.error())};
  read.description = std::move(*description);
  if (const auto* const required = value.find("required")) {
    const auto here = json_pointer(pointer, "required");
    const auto* const list = required->as_array();
    if (list == nullptr)
      return expected("an array of strings", required, here);
    read.required.emplace();
    for (const auto& each : *list) {
      if (each.as_string() == nullptr)
        return expected("an array of strings", &each, here);
      if (std::ranges::find(*read.required, *each.as_string()) != read.required->end())
        return refuse(error_code::invalid_request, "Expected each name once, got one twice.", here);
      read.required->push_back(*each.as_string());
    }
  }
  if (const auto* const properties = value.find("properties")) {
    auto list = read_metadef_properties(*properties, json_pointer(pointer, "properties"));
    if (!list)
      return tl::unexpected{std::move(list.error())};
    read.properties = std::move(*list);
  }
  return read;
}

result<metadef_tag> read_tag(const json_value& value, const std::string& pointer) {
  if (value.as_object() == nullptr)
    return expected("an object with a name", &value, pointer);
  auto name = read_name(value, "name", pointer);
  if (!name)
    return tl::unexpected{std::move(name.error())};
  metadef_tag tag;
  tag.name = std::move(*name);
  return tag;
}

/// A list of named things, no name twice; empty when the member is absent.
template <class Thing, class Read>
result<std::vector<Thing>> read_list(const json_value& from, std::string_view member, Read read) {
  std::vector<Thing> things;
  const auto* const value = from.find(member);
  if (value == nullptr)
    return things;
  const auto parent = json_pointer("", member);
  const auto* const list = value->as_array();
  if (list == nullptr)
    return expected("an array", value, parent);
  for (std::size_t i = 0; i < list->size(); ++i) {
    const auto here = json_pointer(parent, std::to_string(i));
    auto thing = read((*list)[i], here);
    if (!thing)
      return tl::unexpected{std::move(thing.error())};
    if (find_named(things, thing->name) != things.end())
      return refuse(error_code::conflict, "Expected each name once, got one twice.", here);
    things.push_back(std::move(*thing));
  }
  return things;
}

/// Moves what was read into its place, or keeps the first failure.
class gatherer {
 public:
  template <class Value, class Place>
  void take(result<Value> read, Place& place) {
    if (!read && !why_)
      why_ = std::move(read.error());
    else if (read)
      place = std::move(*read);
  }
  [[nodiscard]] const std::optional<failure>& why() const noexcept { return why_; }

 private:
  std::optional<failure> why_;
};

}  // namespace

result<void> check_metadef_name(std::string_view name, const std::string& pointer) {
  if (name.empty() || code_points(name) > longest_metadef_name)
    return refuse(error_code::invalid_request, "Expected a name of 1 to 80 characters.", pointer);
  if (name.find_first_of("/\\") != std::string_view::npos || one_line(name) != name || name == "." || name == "..")
    return refuse(error_code::invalid_request,
                  "Expected a name without slashes and control characters: it is part of a path.", pointer);
  return {};
}

result<metadef_namespace> parse_metadef_namespace(std::string_view body) {
  const auto document = read_body(body, {"self", "schema", "created_at", "updated_at"},
                                  {"namespace", "display_name", "description", "visibility", "protected", "owner",
                                   "resource_type_associations", "properties", "objects", "tags"});
  if (!document)
    return tl::unexpected{document.error()};
  metadef_namespace read;
  gatherer all;
  std::optional<std::string> owner, visibility;
  all.take(read_name(*document, "namespace", ""), read.name);
  all.take(read_text(*document, "display_name", "", longest_metadef_name), read.display_name);
  all.take(read_text(*document, "description", "", longest_description), read.description);
  all.take(read_text(*document, "owner", "", longest_owner), owner);
  all.take(read_text(*document, "visibility", "", longest_owner), visibility);
  all.take(read_flag(*document, "protected"), read.is_protected);
  all.take(read_list<metadef_association>(*document, "resource_type_associations", read_association),
           read.associations);
  all.take(read_list<metadef_object>(*document, "objects", read_object), read.objects);
  all.take(read_list<metadef_tag>(*document, "tags", read_tag), read.tags);
  if (const auto* const properties = document->find("properties"))
    all.take(read_metadef_properties(*properties, "/properties"), read.properties);
  if (all.why())
    return tl::unexpected{*all.why()};
  if (visibility && *visibility != "public" && *visibility != "private")
    return refuse(error_code::invalid_request, "Expected public or private, got something else.", "/visibility");
  read.is_public = visibility == "public";
  read.owner = owner.value_or("");
  return read;
}

result<metadef_object> parse_metadef_object(std::string_view body) {
  const auto document = read_body(body, {"self", "schema", "created_at", "updated_at"},
                                  {"name", "description", "required", "properties"});
  if (!document)
    return tl::unexpected{document.error()};
  return read_object(*document, "");
}

result<metadef_property> parse_metadef_property(std::string_view body) {
  const auto document =
      read_body(body, {"created_at", "updated_at"},
                {"name",     "title",       "description",     "operators",   "type", "required", "minimum", "maximum",
                 "default",  "maxLength",   "minLength",       "pattern",     "enum", "readonly", "items",   "maxItems",
                 "minItems", "uniqueItems", "additionalItems", "confidential"});
  if (!document)
    return tl::unexpected{document.error()};
  return read_metadef_property(*document, "", true);
}

result<metadef_tag> parse_metadef_tag(std::string_view body) {
  const auto document = read_body(body, {"created_at", "updated_at"}, {"name"});
  if (!document)
    return tl::unexpected{document.error()};
  return read_tag(*document, "");
}

result<std::vector<metadef_tag>> parse_metadef_tags(std::string_view body) {
  const auto document = read_body(body, {"created_at", "updated_at"}, {"tags"});
  if (!document)
    return tl::unexpected{document.error()};
  if (document->find("tags") == nullptr)
    return refuse(error_code::invalid_request, "Expected a list of tags.", "/tags");
  return read_list<metadef_tag>(*document, "tags", read_tag);
}

result<metadef_association> parse_metadef_association(std::string_view body) {
  const auto document = read_body(body, {"created_at", "updated_at"}, {"name", "prefix", "properties_target"});
  if (!document)
    return tl::unexpected{document.error()};
  return read_association(*document, "");
}

}  // namespace sluice::schemas
