// SPDX-License-Identifier: Apache-2.0
#include "schemas/image_properties_reading.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <span>

#include "schemas/text.hpp"

namespace sluice::schemas {
namespace {

constexpr std::size_t longest_name = 255;  // code points, of names, tags and keys: Glance's columns
constexpr std::size_t longest_value = 65535;
constexpr std::uint64_t largest_minimum = std::numeric_limits<std::int32_t>::max();

using names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 13> disk_formats{"ami",   "ari", "aki", "vhd",   "vhdx", "vmdk", "raw",
                                                        "qcow2", "vdi", "iso", "ploop", "luks", "qed"};
constexpr std::array<std::string_view, 6> container_formats{"ami", "ari", "aki", "bare", "ovf", "ova"};
constexpr std::array<std::string_view, 4> visibilities{"private", "shared", "community", "public"};

/// Set by the service alone: Glance's read-only and reserved properties, and the owner.
constexpr std::array<std::string_view, 19> reserved_names{
    "created_at",   "updated_at",    "status",    "checksum", "size",  "virtual_size", "direct_url", "self",
    "file",         "schema",        "id",        "stores",   "owner", "location",     "locations",  "deleted",
    "os_hash_algo", "os_hash_value", "deleted_at"};
constexpr std::array<std::string_view, 2> reserved_prefixes{"os_glance", "sluice"};

bool contains(names all, std::string_view one) {
  return std::ranges::find(all, one) != all.end();
}

bool is_reserved(std::string_view name) {
  const auto begins_with = [name](std::string_view prefix) {
    return std::ranges::equal(name.substr(0, prefix.size()), prefix,
                              [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
  };
  return contains(reserved_names, name) || std::ranges::any_of(reserved_prefixes, begins_with);
}

/// 1 to 255 code points on one line.
result<std::string> read_label(const json_value& value, const std::string& pointer) {
  const auto* const text = value.as_string();
  if (text == nullptr)
    return expected("a string", &value, pointer);
  if (code_points(*text) > longest_name)
    return refuse(error_code::invalid_request, "Expected at most 255 characters, got more.", pointer);
  if (one_line(*text) != *text)
    return refuse(error_code::invalid_request, "Expected no control characters, got some.", pointer);
  return *text;
}

result<void> read_name(const json_value& value, const std::string& pointer, image_properties& into) {
  if (value.is_null())
    return {};
  return read_label(value, pointer).map([&into](std::string name) { into.name = std::move(name); });
}

result<void> read_tags(const json_value& value, const std::string& pointer, image_properties& into) {
  const auto* const list = value.as_array();
  if (list == nullptr)
    return expected("an array of strings", &value, pointer);
  if (list->size() > most_tags)
    return refuse(error_code::invalid_request, "Expected at most 128 tags, got more.", pointer);
  for (std::size_t i = 0; i < list->size(); ++i) {
    const auto here = json_pointer(pointer, std::to_string(i));
    auto tag = read_label((*list)[i], here);
    if (!tag)
      return tl::unexpected{std::move(tag).error()};
    if (tag->empty())
      return refuse(error_code::invalid_request, "Expected a tag of at least one character, got an empty one.", here);
    into.tags.push_back(std::move(*tag));
  }
  std::ranges::sort(into.tags);
  into.tags.erase(std::unique(into.tags.begin(), into.tags.end()), into.tags.end());
  return {};
}

result<std::string> read_word(const json_value& value, const std::string& pointer, names known) {
  const auto* const word = value.as_string();
  if (word != nullptr && contains(known, *word))
    return *word;
  std::string all;
  for (const auto each : known)
    all += (all.empty() ? "" : ", ") + std::string{each};
  return refuse(error_code::invalid_request, "Expected one of " + all + ", got something else.", pointer);
}

result<void> read_disk_format(const json_value& value, const std::string& pointer, image_properties& into) {
  if (value.is_null())
    return {};
  return read_word(value, pointer, disk_formats).map([&into](std::string word) { into.disk_format = std::move(word); });
}

result<void> read_container_format(const json_value& value, const std::string& pointer, image_properties& into) {
  if (value.is_null())
    return {};
  if (const auto* const word = value.as_string(); word != nullptr && (*word == "docker" || *word == "compressed"))
    return refuse(error_code::invalid_request,
                  "Expected a disk image, got one inside a container that is not looked into; unpack it and give "
                  "container_format bare, or leave it out.",
                  pointer);
  return read_word(value, pointer, container_formats).map([&into](std::string word) {
    into.container_format = std::move(word);
  });
}

result<void> read_visibility(const json_value& value, const std::string& pointer, image_properties& into) {
  return read_word(value, pointer, visibilities).map([&into](std::string word) { into.visibility = std::move(word); });
}

result<void> read_flag(const json_value& value, const std::string& pointer, bool& into) {
  const auto* const flag = value.as_bool();
  if (flag == nullptr)
    return expected("true or false", &value, pointer);
  into = *flag;
  return {};
}

result<void> read_protected(const json_value& value, const std::string& pointer, const identity& who,
                            image_properties& into) {
  if (auto read = read_flag(value, pointer, into.is_protected); !read)
    return read;
  if (into.is_protected && !who.is_admin())
    return refuse(error_code::property_forbidden, "Expected false: protecting an image needs the role admin.", pointer);
  return {};
}

result<void> read_minimum(const json_value& value, const std::string& pointer, std::uint32_t& into) {
  return whole_number(value, largest_minimum, pointer).map([&into](std::uint64_t number) {
    into = static_cast<std::uint32_t>(number);
  });
}

result<void> read_extra(const std::string& name, const json_value& value, const std::string& pointer,
                        image_properties& into) {
  if (name.empty() || code_points(name) > longest_name || one_line(name) != name)
    return refuse(error_code::invalid_request,
                  "Expected a property name of 1 to 255 characters without control characters, got another one.",
                  pointer);
  const auto* const text = value.as_string();
  if (text == nullptr)
    return expected("a string, as every property of one's own is", &value, pointer);
  if (text->size() > longest_value)
    return refuse(error_code::invalid_request, "Expected at most 65535 bytes, got more.", pointer);
  if (many_lines(*text) != *text)
    return refuse(error_code::invalid_request, "Expected no control characters but tabs and line ends, got some.",
                  pointer);
  if (into.extra.size() == most_extra_properties)
    return refuse(error_code::invalid_request, "Expected at most 128 properties of one's own, got more.", pointer);
  into.extra.emplace(name, *text);
  return {};
}

result<void> read_property(const json_member& member, const identity& who, const std::string& pointer,
                           image_properties& into) {
  const auto& [name, value] = member;
  if (is_reserved(name))
    return refuse(error_code::reserved_property, "Expected this property to be left out: the service sets it itself.",
                  pointer);
  if (name == "name")
    return read_name(value, pointer, into);
  if (name == "tags")
    return read_tags(value, pointer, into);
  if (name == "disk_format")
    return read_disk_format(value, pointer, into);
  if (name == "container_format")
    return read_container_format(value, pointer, into);
  if (name == "visibility")
    return read_visibility(value, pointer, into);
  if (name == "min_disk")
    return read_minimum(value, pointer, into.min_disk);
  if (name == "min_ram")
    return read_minimum(value, pointer, into.min_ram);
  if (name == "protected")
    return read_protected(value, pointer, who, into);
  if (name == "os_hidden")
    return read_flag(value, pointer, into.os_hidden);
  return read_extra(name, value, pointer, into);
}

}  // namespace

result<image_properties> read_image_properties(const json_object& object, const identity& who,
                                               const std::string& pointer) {
  image_properties properties;
  for (const auto& member : object)
    if (auto read = read_property(member, who, json_pointer(pointer, member.name), properties); !read)
      return tl::unexpected{std::move(read).error()};
  return properties;
}

result<void> may_be_set(std::string_view name) {
  constexpr std::array<std::string_view, 14> read_only{
      "created_at", "updated_at", "status", "checksum", "size",   "virtual_size", "direct_url",
      "self",       "file",       "schema", "id",       "stores", "os_hash_algo", "os_hash_value"};
  if (contains(read_only, name))
    return refuse(error_code::forbidden, "Attribute '" + std::string{name} + "' is read-only.");
  if (name == "locations")
    return refuse(error_code::forbidden, "It's not allowed to add or change locations if locations are invisible.");
  if (name != "owner" && is_reserved(name))
    return refuse(error_code::forbidden, "Attribute '" + std::string{name} + "' is reserved.");
  return {};
}

result<void> set_image_property(const std::string& name, const json_value& value, image_properties& into) {
  const auto pointer = json_pointer("", name);
  image_properties read;
  if (name == "protected")
    return read_flag(value, pointer, into.is_protected);
  if (name == "os_hidden")
    return read_flag(value, pointer, into.os_hidden);
  if (name == "min_disk")
    return read_minimum(value, pointer, into.min_disk);
  if (name == "min_ram")
    return read_minimum(value, pointer, into.min_ram);
  if (name == "name")
    return read_name(value, pointer, read).map([&] { into.name = std::move(read.name); });
  if (name == "tags")
    return read_tags(value, pointer, read).map([&] { into.tags = std::move(read.tags); });
  if (name == "disk_format")
    return read_disk_format(value, pointer, read).map([&] { into.disk_format = std::move(read.disk_format); });
  if (name == "container_format")
    return read_container_format(value, pointer, read).map([&] {
      into.container_format = std::move(read.container_format);
    });
  if (name == "visibility")
    return read_visibility(value, pointer, into);
  into.extra.erase(name);  // its new value takes its place
  return read_extra(name, value, pointer, into);
}

result<void> check_tag(const std::string& tag) {
  json_value value;
  value.content = json_array{json_value{tag}};
  image_properties read;
  return read_tags(value, "/tags", read);
}

}  // namespace sluice::schemas
