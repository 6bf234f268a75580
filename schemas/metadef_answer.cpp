// SPDX-License-Identifier: Apache-2.0
#include "schemas/metadef_answer.hpp"

#include <utility>

#include "schemas/json_writing.hpp"

namespace sluice::schemas {
namespace {

void put(json_writer& into, const char* name, const std::optional<std::string>& value) {
  if (value)
    into[name] = *value;
}

void put_times(json_writer& into, time_point created, time_point updated) {
  into["created_at"] = glance_time(created);
  into["updated_at"] = glance_time(updated);
}

/// A definition is what the service wrote itself: it parses.
json_writer definition_of(const metadef_property& record) {
  auto parsed = json_writer::parse(record.definition, nullptr, false);
  return parsed.is_object() ? parsed : json_writer::object();
}

json_writer properties_answer(const std::vector<metadef_property>& all, const std::string& prefix) {
  auto answer = json_writer::object();
  for (const auto& each : all)
    answer[prefix + each.name] = definition_of(each);
  return answer;
}

json_writer association_answer(const metadef_association& record) {
  json_writer answer;
  answer["name"] = record.name;
  put(answer, "prefix", record.prefix);
  put(answer, "properties_target", record.properties_target);
  put_times(answer, record.created_at, record.updated_at);
  return answer;
}

json_writer associations_answer(const std::vector<metadef_association>& all) {
  auto list = json_writer::array();
  for (const auto& each : all)
    list.push_back(association_answer(each));
  return list;
}

std::string path_of(std::string_view of) {
  return "/v2/metadefs/namespaces/" + std::string{of};
}

json_writer object_answer(std::string_view of, const metadef_object& record, const std::string& prefix) {
  json_writer answer;
  answer["name"] = record.name;
  if (record.required) {
    auto required = json_writer::array();
    for (const auto& each : *record.required)
      required.push_back(prefix + each);
    answer["required"] = std::move(required);
  }
  put(answer, "description", record.description);
  answer["properties"] = properties_answer(record.properties, prefix);
  put_times(answer, record.created_at, record.updated_at);
  answer["self"] = path_of(of) + "/objects/" + record.name;
  answer["schema"] = "/v2/schemas/metadefs/object";
  return answer;
}

json_writer tags_answer(const std::vector<metadef_tag>& all) {
  auto list = json_writer::array();
  for (const auto& each : all)
    list.push_back(json_writer{{"name", each.name}});
  return list;
}

json_writer namespace_answer(const metadef_namespace& record, metadef_view view, std::string_view resource_type) {
  json_writer answer;
  answer["namespace"] = record.name;
  put(answer, "display_name", record.display_name);
  put(answer, "description", record.description);
  answer["visibility"] = record.is_public ? "public" : "private";
  answer["protected"] = record.is_protected;
  answer["owner"] = record.owner;
  put_times(answer, record.created_at, record.updated_at);
  if (view != metadef_view::head && !record.associations.empty())
    answer["resource_type_associations"] = associations_answer(record.associations);
  if (view == metadef_view::whole) {
    const auto applied = find_named(record.associations, resource_type);
    const auto prefix = applied == record.associations.end() ? std::string{} : applied->prefix.value_or("");
    if (!record.properties.empty())
      answer["properties"] = properties_answer(record.properties, prefix);
    auto objects = json_writer::array();
    for (const auto& each : record.objects)
      objects.push_back(object_answer(record.name, each, prefix));
    if (!objects.empty())
      answer["objects"] = std::move(objects);
    if (!record.tags.empty())
      answer["tags"] = tags_answer(record.tags);
  }
  answer["self"] = path_of(record.name);
  answer["schema"] = "/v2/schemas/metadefs/namespace";
  return answer;
}

}  // namespace

std::string metadef_namespace_json(const metadef_namespace& record, metadef_view view, std::string_view resource_type) {
  return written(namespace_answer(record, view, resource_type));
}

std::string metadef_namespaces_json(const std::vector<metadef_namespace>& page, const page_links& links) {
  auto list = json_writer::array();
  for (const auto& each : page)
    list.push_back(namespace_answer(each, metadef_view::listed, {}));
  json_writer answer;
  answer["namespaces"] = std::move(list);
  answer["first"] = links.first;
  if (links.next)
    answer["next"] = *links.next;
  answer["schema"] = "/v2/schemas/metadefs/namespaces";
  return written(answer);
}

std::string metadef_object_json(std::string_view of, const metadef_object& record) {
  return written(object_answer(of, record, {}));
}

std::string metadef_objects_json(std::string_view of, const std::vector<metadef_object>& page) {
  auto list = json_writer::array();
  for (const auto& each : page)
    list.push_back(object_answer(of, each, {}));
  json_writer answer;
  answer["objects"] = std::move(list);
  answer["schema"] = "v2/schemas/metadefs/objects";  // without a slash in front, as Glance has it
  return written(answer);
}

std::string metadef_property_json(const metadef_property& record) {
  json_writer answer{{"name", record.name}};
  const auto definition = definition_of(record);
  for (const auto& [name, value] : definition.items())
    answer[name] = value;
  return written(answer);
}

std::string metadef_properties_json(const std::vector<metadef_property>& all) {
  json_writer answer;
  answer["properties"] = properties_answer(all, {});
  return written(answer);
}

std::string metadef_tag_json(const metadef_tag& record) {
  json_writer answer{{"name", record.name}};
  put_times(answer, record.created_at, record.updated_at);
  return written(answer);
}

std::string metadef_tags_json(const std::vector<metadef_tag>& page) {
  json_writer answer;
  answer["tags"] = tags_answer(page);
  return written(answer);
}

std::string metadef_association_json(const metadef_association& record) {
  return written(association_answer(record));
}

std::string metadef_associations_json(const std::vector<metadef_association>& all) {
  json_writer answer;
  answer["resource_type_associations"] = associations_answer(all);
  return written(answer);
}

std::string metadef_resource_types_json(const std::vector<std::string>& names) {
  auto list = json_writer::array();
  for (const auto& each : names)
    list.push_back(json_writer{{"name", each}});
  json_writer answer;
  answer["resource_types"] = std::move(list);
  return written(answer);
}

}  // namespace sluice::schemas
