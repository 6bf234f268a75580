// SPDX-License-Identifier: Apache-2.0
#include "schemas/json.hpp"
#include "schemas/json_writing.hpp"
#include "schemas/text.hpp"

namespace sluice::schemas {
namespace {

json_writer text_or_null(std::string_view text) {
  return text.empty() ? json_writer(nullptr) : json_writer(one_line(text));
}

/// Glance's image, every base member present, null where Glance has null; properties of one's own beside them.
json_writer image_answer(const image& record) {
  const auto& properties = record.properties;
  const auto& facts = record.facts;
  json_writer answer{
      {"id", record.id},
      {"name", properties.name ? json_writer(one_line(*properties.name)) : json_writer(nullptr)},
      {"status", record.status},
      {"visibility", properties.visibility.value_or("shared")},
      {"owner", text_or_null(record.owner)},
      {"disk_format", text_or_null(properties.disk_format.value_or(facts.disk_format))},
      {"container_format", text_or_null(properties.container_format.value_or(""))},
      {"size", facts.size},
      {"virtual_size", facts.virtual_size == 0 ? json_writer(nullptr) : json_writer(facts.virtual_size)},
      {"checksum", text_or_null(facts.md5)},
      {"os_hash_algo", text_or_null(facts.os_hash_algo)},
      {"os_hash_value", text_or_null(facts.os_hash_value)},
      {"min_disk", properties.min_disk},
      {"min_ram", properties.min_ram},
      {"protected", properties.is_protected},
      {"os_hidden", properties.os_hidden},
      {"tags", properties.tags},
      {"created_at", glance_time(record.created_at)},
      {"updated_at", glance_time(record.updated_at)},
      {"self", "/v2/images/" + record.id},
      {"file", "/v2/images/" + record.id + "/file"},
      {"schema", "/v2/schemas/image"},
  };
  for (const auto& [name, value] : properties.extra)
    if (!answer.contains(name))
      answer[name] = many_lines(value);
  return answer;
}

}  // namespace

std::string to_json(const image& record) {
  return written(image_answer(record));
}

std::string to_json(const std::vector<image>& page, const page_links& links) {
  auto images = json_writer::array();
  for (const auto& record : page)
    images.push_back(image_answer(record));
  json_writer answer;
  answer["images"] = std::move(images);
  answer["first"] = links.first;
  if (links.next)
    answer["next"] = *links.next;
  answer["schema"] = "/v2/schemas/images";
  return written(answer);
}

}  // namespace sluice::schemas
