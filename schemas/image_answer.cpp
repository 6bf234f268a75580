// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "schemas/json.hpp"
#include "schemas/json_object_text.hpp"
#include "schemas/json_writing.hpp"
#include "schemas/text.hpp"

namespace sluice::schemas {
namespace {

/// Members of an answer that no property of one's own may take the place of.
constexpr std::array<std::string_view, 23> base_members{
    "id",        "name",         "status",   "visibility",   "owner",         "disk_format", "container_format",
    "size",      "virtual_size", "checksum", "os_hash_algo", "os_hash_value", "min_disk",    "min_ram",
    "protected", "os_hidden",    "tags",     "created_at",   "updated_at",    "self",        "file",
    "schema",    "stores"};

/// Text that is shown on one line: copied only when there is something to take out.
void shown(json_object_text& into, std::string_view name, std::string_view text) {
  const bool as_it_is = std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
  if (as_it_is)
    into.text(name, text);
  else
    into.text(name, one_line(text));
}

/// Glance's image, every base member present, null where Glance has null; properties of one's own beside them.
void append_answer(std::string& out, const image& record) {
  const auto& properties = record.properties;
  static const content_facts nothing;
  const auto& facts = record.facts ? *record.facts : nothing;
  json_object_text answer{out};
  answer.text("id", record.id);
  if (properties.name)
    shown(answer, "name", *properties.name);
  else
    answer.null("name");
  answer.text("status", to_string(record.status));
  answer.text("visibility", visibility_of(record));
  if (record.owner.empty())
    answer.null("owner");
  else
    shown(answer, "owner", record.owner);
  answer.text_or_null("disk_format", properties.disk_format ? *properties.disk_format : facts.disk_format);
  answer.text_or_null("container_format", properties.container_format ? *properties.container_format : "");
  if (record.facts)
    answer.number("size", facts.size);
  else
    answer.null("size");
  if (facts.virtual_size != 0)
    answer.number("virtual_size", facts.virtual_size);
  else
    answer.null("virtual_size");
  answer.text_or_null("checksum", facts.md5);
  answer.text_or_null("os_hash_algo", facts.os_hash_algo);
  answer.text_or_null("os_hash_value", facts.os_hash_value);
  answer.number("min_disk", properties.min_disk);
  answer.number("min_ram", properties.min_ram);
  answer.flag("protected", properties.is_protected);
  answer.flag("os_hidden", properties.os_hidden);
  answer.texts("tags", properties.tags);
  answer.text("created_at", glance_time(record.created_at));
  answer.text("updated_at", glance_time(record.updated_at));
  const auto self = "/v2/images/" + record.id;
  answer.text("self", self);
  answer.text("file", self + "/file");
  answer.text("schema", "/v2/schemas/image");
  if (record.status == image_status::active || record.status == image_status::deactivated)
    answer.text("stores", store_id);
  for (const auto& [name, value] : properties.extra)
    if (std::ranges::find(base_members, name) == base_members.end())
      answer.text(name, many_lines(value));
  answer.close();
}

json_writer member_answer(const image_member& record) {
  return {{"member_id", one_line(record.member_id)},      {"image_id", record.image_id},
          {"status", to_string(record.status)},           {"created_at", glance_time(record.created_at)},
          {"updated_at", glance_time(record.updated_at)}, {"schema", "/v2/schemas/member"}};
}

}  // namespace

std::string to_json(const image& record) {
  std::string answer;
  append_answer(answer, record);
  return answer;
}

std::string to_json(const std::vector<image>& page, const page_links& links) {
  constexpr std::size_t usual_bytes = 900;
  std::string answer;
  answer.reserve(page.size() * usual_bytes + 200);
  answer = "{\"images\":[";
  for (std::size_t i = 0; i < page.size(); ++i) {
    if (i != 0)
      answer.push_back(',');
    append_answer(answer, page[i]);
  }
  answer.append("],\"first\":");
  append_json_string(answer, links.first);
  if (links.next) {
    answer.append(",\"next\":");
    append_json_string(answer, *links.next);
  }
  return answer.append(",\"schema\":\"/v2/schemas/images\"}");
}

std::string to_json(const image_member& record) {
  return written(member_answer(record));
}

std::string to_json(const std::vector<image_member>& members) {
  auto all = json_writer::array();
  for (const auto& record : members)
    all.push_back(member_answer(record));
  json_writer answer;
  answer["members"] = std::move(all);
  answer["schema"] = "/v2/schemas/members";
  return written(answer);
}

}  // namespace sluice::schemas
