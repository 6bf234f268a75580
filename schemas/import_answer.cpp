// SPDX-License-Identifier: Apache-2.0
#include "schemas/json.hpp"
#include "schemas/json_writing.hpp"
#include "schemas/text.hpp"

namespace sluice::schemas {
namespace {

/// What the user asked for, without what was left to its default.
json_writer properties_answer(const image_properties& properties) {
  auto answer = json_writer::object();
  if (properties.name)
    answer["name"] = one_line(*properties.name);
  if (!properties.tags.empty())
    answer["tags"] = properties.tags;
  if (properties.disk_format)
    answer["disk_format"] = *properties.disk_format;
  if (properties.container_format)
    answer["container_format"] = *properties.container_format;
  if (properties.visibility)
    answer["visibility"] = *properties.visibility;
  if (properties.min_disk != 0)
    answer["min_disk"] = properties.min_disk;
  if (properties.min_ram != 0)
    answer["min_ram"] = properties.min_ram;
  if (properties.is_protected)
    answer["protected"] = true;
  if (properties.os_hidden)
    answer["os_hidden"] = true;
  for (const auto& [name, value] : properties.extra)
    if (!answer.contains(name))
      answer[name] = many_lines(value);
  return answer;
}

json_writer progress_answer(const progress_view& progress) {
  json_writer answer{{"phase", progress.phase}, {"bytes", progress.bytes}};
  if (progress.total)
    answer["total"] = *progress.total;
  if (progress.rate)
    answer["rate"] = *progress.rate;
  if (progress.eta)
    answer["eta"] = *progress.eta;
  if (progress.queue_position)
    answer["queue_position"] = *progress.queue_position;
  if (!progress.limited_by.empty())
    answer["limited_by"] = progress.limited_by;
  return answer;
}

json_writer checks_answer(const std::vector<check_result>& checks) {
  auto answer = json_writer::array();
  for (const auto& check : checks) {
    json_writer shown{{"name", one_line(check.name)},
                      {"verdict", to_string(check.verdict)},
                      {"seconds", std::chrono::duration<double>(check.took).count()}};
    if (!check.message.empty())
      shown["message"] = one_line(check.message);
    for (const auto& remark : check.remarks)
      shown["remarks"].push_back(one_line(remark));
    answer.push_back(std::move(shown));
  }
  return answer;
}

/// Names as in an image's own record.
json_writer converted_from_answer(const source_facts& source) {
  json_writer answer{{"disk_format", source.disk_format}, {"size", source.size}};
  if (!source.md5.empty())
    answer["checksum"] = source.md5;
  answer["os_hash_algo"] = source.os_hash_algo;
  answer["os_hash_value"] = source.os_hash_value;
  return answer;
}

json_writer import_answer(const image_import& record, const std::optional<progress_view>& progress) {
  json_writer answer{
      {"id", record.id},
      {"status", to_string(record.status)},
      {"created_at", glance_time(record.created_at)},
      {"updated_at", glance_time(record.updated_at)},
      {"self", "/v2/image-imports/" + record.id},
      {"schema", "/v2/schemas/image-import"},
      {"location", one_line(location_without_credentials(record.request.location))},
  };
  if (record.origin != import_origin::image_imports)
    answer["origin"] = to_string(record.origin);
  if (record.status != image_import_status::success)
    answer["image_properties"] = properties_answer(record.request.properties);
  if (progress && !is_final(record.status))
    answer["progress"] = progress_answer(*progress);
  if (record.facts && !record.facts->unpacked_from.empty())
    answer["unpacked_from"] = record.facts->unpacked_from;
  if (!record.request.convert_to.empty())
    answer["convert_to"] = record.request.convert_to;
  if (record.facts && record.facts->converted())
    answer["converted_from"] = converted_from_answer(record.facts->converted_from);
  if (!record.checks.empty())
    answer["checks"] = checks_answer(record.checks);
  if (record.status == image_import_status::success)
    answer["image_ref"] = "/v2/images/" + record.image_id;
  if (record.status == image_import_status::failure) {
    const auto why = record.why.value_or(failure{});
    const auto& described = describe(why.code);
    answer["message"] = one_line(why.message.empty() ? described.title : why.message);
    answer["error"] = {{"code", described.name}, {"retryable", described.retryable}, {"hint", described.hint}};
  }
  if (is_final(record.status) && record.expires_at)
    answer["expires-by"] = blueprint_time(*record.expires_at);
  return answer;
}

}  // namespace

std::string to_json(const image_import& record, const std::optional<progress_view>& progress) {
  return written(import_answer(record, progress));
}

std::string to_json(const std::vector<import_with_progress>& page, const page_links& links) {
  auto imports = json_writer::array();
  for (const auto& [record, progress] : page)
    imports.push_back(import_answer(record, progress));
  json_writer answer;
  answer["image_imports"] = std::move(imports);
  answer["first"] = links.first;
  if (links.next)
    answer["next"] = *links.next;
  answer["schema"] = "/v2/schemas/image-imports";
  return written(answer);
}

}  // namespace sluice::schemas
