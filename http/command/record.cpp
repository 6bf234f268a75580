// SPDX-License-Identifier: Apache-2.0
#include "http/command/record.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "http/command/wording.hpp"

namespace sluice::command {
namespace {

using json = nlohmann::ordered_json;

std::string text(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::optional<std::uint64_t> number(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number())
    return std::nullopt;
  if (found->is_number_unsigned())
    return found->get<std::uint64_t>();
  const auto value = found->get<double>();
  return value >= 0 && value < 1e18 ? std::optional{static_cast<std::uint64_t>(value)} : std::nullopt;
}

json object_in(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : json::object();
}

attempt<json> parsed(const answer& from) {
  auto document = json::parse(from.body, nullptr, false);
  if (!document.is_object())
    return give_up(outcome::unreachable,
                   "The answer is not the JSON of an image service. Does --url name the right service?");
  return document;
}

std::string one_line(const json& document) {
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

import_record import_from(const json& document) {
  import_record record;
  record.document = one_line(document);
  record.id = text(document, "id");
  record.status = text(document, "status");
  record.location = text(document, "location");
  record.name = text(object_in(document, "image_properties"), "name");
  const auto reference = text(document, "image_ref");
  record.image_id = reference.substr(reference.rfind('/') + 1);
  record.message = text(document, "message");
  const auto error = object_in(document, "error");
  record.error_code = text(error, "code");
  record.hint = text(error, "hint");
  record.retryable = error.value("retryable", json{}) == json(true);
  record.created_at = text(document, "created_at");
  record.expires_by = text(document, "expires-by");
  const auto progress = object_in(document, "progress");
  record.phase = text(progress, "phase");
  record.bytes = number(progress, "bytes").value_or(0);
  record.total = number(progress, "total");
  record.rate = number(progress, "rate");
  record.eta = number(progress, "eta");
  record.queue_position = number(progress, "queue_position");
  record.limited_by = text(progress, "limited_by");
  return record;
}

/// Glance's error texts carry pieces of HTML.
std::string without_markup(const std::string& text) {
  std::string words;
  bool inside = false;
  for (const char c : text) {
    if (c == '<' || c == '>')
      inside = c == '<';
    else if (!inside)
      words += c == '\n' || c == '\r' || c == '\t' ? ' ' : c;
  }
  words.erase(words.find_last_not_of(' ') + 1);
  return words;
}

std::string value_for_people(const json& value) {
  if (value.is_string())
    return value.get<std::string>();
  if (value.is_array()) {
    std::string joined;
    for (const auto& item : value) {
      if (!joined.empty())
        joined += ", ";
      joined += value_for_people(item);
    }
    return joined;
  }
  return one_line(value);
}

void flatten(const json& object, const std::string& before, std::vector<std::pair<std::string, std::string>>& into) {
  for (const auto& [key, value] : object.items()) {
    if (value.is_object()) {
      flatten(value, before + key + ".", into);
      continue;
    }
    auto words = value_for_people(value);
    const bool is_size = key == "size" || key == "virtual_size" || key == "bytes" || key == "total" || key == "rate";
    if (const auto bytes = number(object, key.c_str()); is_size && bytes && *bytes >= 1024)
      words += " (" + human_size(*bytes) + (key == "rate" ? "/s)" : ")");
    into.emplace_back(before + key, words);
  }
}

}  // namespace

attempt<import_record> read_import(const answer& from) {
  return parsed(from).map([](const json& document) { return import_from(document); });
}

attempt<image_record> read_image(const answer& from) {
  return parsed(from).map([](const json& document) {
    image_record record;
    record.document = one_line(document);
    record.id = text(document, "id");
    record.name = text(document, "name");
    record.disk_format = text(document, "disk_format");
    record.checksum = text(document, "checksum");
    record.os_hash_algo = text(document, "os_hash_algo");
    record.os_hash_value = text(document, "os_hash_value");
    record.size = number(document, "size");
    record.virtual_size = number(document, "virtual_size");
    return record;
  });
}

attempt<import_page> read_imports(const answer& from) {
  return parsed(from).map([](const json& document) {
    import_page page;
    page.next = text(document, "next");
    const auto list = document.find("image_imports");
    if (list != document.end() && list->is_array())
      for (const auto& item : *list)
        page.imports.push_back(import_from(item));
    return page;
  });
}

attempt<answer> accepted(attempt<answer> from) {
  if (!from || (from->status >= 200 && from->status < 300))
    return from;
  const auto document = json::parse(from->body, nullptr, false);
  std::string words;
  std::string more;
  if (document.is_object()) {
    words = without_markup(text(document, "detail"));
    if (words.empty())
      words = without_markup(text(document, "message"));
    if (words.empty())
      words = text(document, "title");
    if (const auto field = text(document, "field"); !field.empty())
      more += "\n  field: " + field;
    if (const auto code = text(document, "code"); !code.empty() && code.find(' ') == std::string::npos)
      more += "\n  code:  " + code;
    if (const auto hint = text(document, "hint"); !hint.empty() && words.find(hint) == std::string::npos)
      more += "\n  hint:  " + hint;
  }
  const auto status = std::to_string(from->status);
  if (words.empty())
    words = "it gave no reason";
  const auto raw = document.is_object() ? one_line(document) : std::string{};
  if (from->status >= 500)
    return give_up(outcome::unreachable, "The service is in trouble (" + status + "): " + words + more, raw);
  if (from->status == 401)
    more += "\n  hint:  give a token with OS_TOKEN, or a project with --project or OS_PROJECT_ID";
  if (from->status < 400)
    return give_up(outcome::refused, "The service answered " + status +
                                         ", which this command does not follow. Does --url name the right service?");
  return give_up(outcome::refused, "The service refused this (" + status + "): " + words + more, raw);
}

std::string readable(const std::string& document, bool utf8) {
  std::vector<std::pair<std::string, std::string>> rows;
  flatten(json::parse(document, nullptr, false), "", rows);
  std::size_t width = 0;
  for (const auto& [key, value] : rows)
    width = std::max(width, columns(key));
  std::string lines;
  for (const auto& [key, value] : rows) {
    const auto shown = printable(key, utf8);
    const auto padding = width > columns(shown) ? width - columns(shown) : 0;
    lines += shown + std::string(padding + 2, ' ') + printable(value, utf8) + "\n";
  }
  return lines;
}

std::string compose_import(const import_arguments& wanted) {
  json body;
  body["location"] = wanted.location;
  auto& properties = body["image_properties"] = json::object();
  for (const auto& [key, value] : wanted.properties)
    properties[key] = value;
  const auto set = [&properties](const char* key, const auto& value) {
    if (value)
      properties[key] = *value;
  };
  set("name", wanted.name);
  set("disk_format", wanted.disk_format);
  set("container_format", wanted.container_format);
  set("visibility", wanted.visibility);
  set("min_disk", wanted.min_disk);
  set("min_ram", wanted.min_ram);
  if (!wanted.tags.empty())
    properties["tags"] = wanted.tags;
  if (wanted.expected_size)
    body["expect"]["size"] = *wanted.expected_size;
  if (wanted.expected_checksum)
    body["expect"]["checksum"] = {{"algorithm", *wanted.expected_algorithm}, {"value", *wanted.expected_checksum}};
  return one_line(body);
}

}  // namespace sluice::command
