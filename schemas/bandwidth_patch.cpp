// SPDX-License-Identifier: Apache-2.0
#include "schemas/bandwidth_patch.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <ranges>
#include <utility>
#include <variant>

#include "schemas/configuration_keys.hpp"
#include "schemas/json_value.hpp"
#include "schemas/json_writing.hpp"
#include "schemas/units.hpp"

namespace sluice::schemas {
namespace {

constexpr std::string_view patched_section = "bandwidth";

/// A patch of many projects is one document.
constexpr json_limits patch_limits{64 << 10, 6, 4000, 4000, false};
constexpr json_limits own_limits{64 << 20, 6, 1'000'000, 1'000'000, true};

/// RFC 7396 section 2.
void merge(json_value& target, const json_value& patch) {
  const auto* const changes = patch.as_object();
  if (changes == nullptr) {
    target = patch;
    return;
  }
  if (target.as_object() == nullptr)
    target.content = json_object{};
  auto& members = std::get<json_object>(target.content);
  for (const auto& [name, value] : *changes) {
    const auto found = std::ranges::find(members, name, &json_member::name);
    if (value.is_null()) {
      if (found != members.end())
        members.erase(found);
    } else if (found != members.end()) {
      merge(found->value, value);
    } else {
      members.push_back({name, {}});
      merge(members.back().value, value);
    }
  }
}

result<void> insert(toml::table& into, std::string_view name, const json_value& value, const std::string& pointer);
result<void> append(toml::array& to, const json_value& value, const std::string& pointer);

/// A number as TOML has it: whole where it is written so.
result<std::variant<std::int64_t, double>> number_from(const std::string& text, const std::string& pointer) {
  const auto* const end = text.data() + text.size();
  std::int64_t whole = 0;
  if (const auto read = std::from_chars(text.data(), end, whole); read.ec == std::errc{} && read.ptr == end)
    return whole;
  double real = 0;
  if (const auto read = std::from_chars(text.data(), end, real); read.ec == std::errc{} && read.ptr == end)
    return real;
  return refuse(error_code::invalid_request, "Expected a number within the range of a double, got another.", pointer);
}

/// What TOML has for a JSON value: what reads the file then reads the patch.
using any_toml = std::variant<bool, std::int64_t, double, std::string, toml::array, toml::table>;

result<any_toml> toml_from(const json_value& value, const std::string& pointer) {
  if (const auto* const flag = value.as_bool())
    return any_toml{*flag};
  if (const auto* const text = value.as_string())
    return any_toml{*text};
  if (const auto* const number = value.as_number()) {
    const auto read = number_from(number->text, pointer);
    if (!read)
      return tl::unexpected{read.error()};
    return std::visit([](auto known) { return any_toml{known}; }, *read);
  }
  if (const auto* const elements = value.as_array()) {
    toml::array list;
    for (std::size_t i = 0; i < elements->size(); ++i)
      if (auto done = append(list, (*elements)[i], json_pointer(pointer, std::to_string(i))); !done)
        return tl::unexpected{done.error()};
    return any_toml{std::move(list)};
  }
  if (const auto* const members = value.as_object()) {
    toml::table table;
    for (const auto& [name, member] : *members)
      if (auto done = insert(table, name, member, json_pointer(pointer, name)); !done)
        return tl::unexpected{done.error()};
    return any_toml{std::move(table)};
  }
  return refuse(error_code::invalid_request, "Expected a value, got null inside an array.", pointer);
}

result<void> insert(toml::table& into, std::string_view name, const json_value& value, const std::string& pointer) {
  auto converted = toml_from(value, pointer);
  if (!converted)
    return tl::unexpected{converted.error()};
  std::visit([&](auto& known) { into.insert_or_assign(name, std::move(known)); }, *converted);
  return {};
}

result<void> append(toml::array& to, const json_value& value, const std::string& pointer) {
  auto converted = toml_from(value, pointer);
  if (!converted)
    return tl::unexpected{converted.error()};
  std::visit([&](auto& known) { to.push_back(std::move(known)); }, *converted);
  return {};
}

/// Where `wanted` is below `from`.
std::optional<std::string> pointer_to(const toml::node* wanted, const toml::node& from, const std::string& at) {
  if (&from == wanted)
    return at;
  if (const auto* const table = from.as_table())
    for (const auto& [key, value] : *table)
      if (auto found = pointer_to(wanted, value, json_pointer(at, key.str())))
        return found;
  if (const auto* const list = from.as_array())
    for (std::size_t i = 0; i < list->size(); ++i)
      if (auto found = pointer_to(wanted, (*list)[i], json_pointer(at, std::to_string(i))))
        return found;
  return std::nullopt;
}

const configuration_key* key_named(std::string_view name) {
  const auto wanted = std::string{patched_section} + '.' + std::string{name};
  const auto found = std::ranges::find(configuration_keys(), wanted, &configuration_key::name);
  return found == configuration_keys().end() ? nullptr : &*found;
}

result<void> only_known_keys(const json_object& patch) {
  for (const auto& member : patch)
    if (key_named(member.name) == nullptr)
      return refuse(error_code::unknown_member,
                    "Expected one of the members " + keys_of_section(patched_section) + ", got another name.",
                    json_pointer({}, member.name));
  return {};
}

/// A refusal of the whole configuration in the words of its section: "link: …", "/link".
failure within_section(failure why) {
  constexpr std::string_view words_before = "bandwidth.";
  constexpr std::string_view field_before = "/bandwidth";
  if (why.message.starts_with(words_before))
    why.message.erase(0, words_before.size());
  if (why.field.starts_with(field_before))
    why.field.erase(0, field_before.size());
  return why;
}

}  // namespace

// Member by member: GCC 12 needs many minutes for one braced list of such depth.
std::string to_json(const bandwidth_configuration& configured) {
  json_writer schedule = json_writer::array();
  for (const auto& entry : configured.schedule) {
    json_writer hours = json_writer::object();
    hours["from"] = spell_clock(entry.from);
    hours["to"] = spell_clock(entry.to);
    hours["profile"] = entry.profile;
    schedule.push_back(std::move(hours));
  }
  json_writer projects = json_writer::object();
  for (const auto& [id, project] : configured.projects) {
    auto& share = projects[id];
    share["weight"] = project.weight;
    share["max"] = spell_rate(project.max);
  }
  json_writer document = json_writer::object();
  document["profile"] = configured.profile;
  document["link"] = spell_rate(configured.link);
  document["import_max"] = spell_rate(configured.import_max);
  document["per_project_max"] = spell_rate(configured.per_project_max);
  document["per_import_max"] = spell_rate(configured.per_import_max);
  document["per_source_host_max"] = spell_rate(configured.per_source_host_max);
  document["export_max"] = spell_rate(configured.export_max);
  document["trickle"] = spell_rate(configured.trickle);
  document["serve_target"] = spell_duration(configured.serve_target);
  document["starved_percent"] = configured.starved_percent;
  document["in_flight"] = spell_duration(configured.in_flight);
  document["gate_block"] = spell_size(configured.gate_block);
  document["schedule"] = std::move(schedule);
  document["projects"] = std::move(projects);
  return written(document);
}

result<bandwidth_configuration> patch_bandwidth(const configuration& current, std::string_view patch) {
  const auto changes = parse_json(patch, patch_limits);
  if (!changes)
    return tl::unexpected{changes.error()};
  if (changes->as_object() == nullptr)
    return refuse(error_code::invalid_request, "Expected a JSON object with the keys of [bandwidth] to change, got " +
                                                   std::string{kind_of(*changes)} + '.');
  if (const auto known = only_known_keys(*changes->as_object()); !known)
    return tl::unexpected{known.error()};

  auto merged = parse_json(to_json(current.bandwidth), own_limits);
  if (!merged)
    return tl::unexpected{merged.error()};
  merge(*merged, *changes);

  toml::table document;
  for (const auto& [name, value] : *merged->as_object())
    if (const auto done = insert(document, name, value, json_pointer({}, name)); !done)
      return tl::unexpected{done.error()};

  configuration fresh = current;
  fresh.bandwidth = {};  // what the merged document does not say is the default
  for (const auto& [name, value] : document) {
    const auto* const key = key_named(name.str());
    if (const auto wrong = key->read(value, fresh))
      return refuse(error_code::invalid_request,
                    std::string{name.str()} + wrong->below + ": " + wrong->words + ", got " +
                        describe_value(*wrong->at, name.str()),
                    pointer_to(wrong->at, document, {}).value_or(std::string{}));
  }
  if (const auto sound = validate(fresh); !sound)
    return tl::unexpected{within_section(sound.error())};
  return std::move(fresh.bandwidth);
}

}  // namespace sluice::schemas
