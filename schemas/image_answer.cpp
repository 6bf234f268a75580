// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <utility>

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

/// Text that is shown as `filter` leaves it: copied only when there may be something to take out.
void shown(json_object_text& into, std::string_view name, std::string_view text,
           std::string (*filter)(std::string_view) = one_line) {
  if (is_plain(text))
    into.text(name, text);
  else
    into.text(name, filter(text));
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
      shown(answer, name, value, many_lines);
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

image_page_text::image_page_text(std::size_t images) {
  constexpr std::size_t usual_bytes = 900;
  text_.reserve(images * usual_bytes + 200);
  text_ = "{\"images\":[";
}

void image_page_text::add(const image& record) {
  if (!empty_)
    text_.push_back(',');
  empty_ = false;
  append_answer(text_, record);
}

std::string image_page_text::finish(const page_links& links) && {
  text_.append("],\"first\":");
  append_json_string(text_, links.first);
  if (links.next) {
    text_.append(",\"next\":");
    append_json_string(text_, *links.next);
  }
  return std::move(text_.append(",\"schema\":\"/v2/schemas/images\"}"));
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
