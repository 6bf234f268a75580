// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdio>

#include "schemas/json_copying.hpp"
#include "schemas/task.hpp"
#include "schemas/text.hpp"

namespace sluice::schemas {
namespace {

/// What was asked, in the shape of the dialect: tasks show their input, imports into an image the request inside it.
json_writer input_of(const image_import& record) {
  auto asked = copy_of_text(record.asked);
  if (record.origin == import_origin::task)
    return asked;
  json_writer input;
  if (fills_an_image(record.origin)) {
    input["image_id"] = record.image_id;
    if (asked.is_object())
      input["import_req"] = std::move(asked);
    return input;
  }
  input["import_from"] = one_line(location_without_credentials(record.request.location));
  if (record.request.properties.disk_format)
    input["import_from_format"] = *record.request.properties.disk_format;
  return input;
}

json_writer result_of(const image_import& record) {
  if (record.status != image_import_status::success)
    return nullptr;
  return {{"image_id", record.image_id}};
}

std::string message_of(const image_import& record) {
  if (record.status == image_import_status::success && record.facts)
    return "Copied " + std::to_string(record.facts->size / (std::uint64_t{1} << 20)) + " MiB";
  if (record.status != image_import_status::failure)
    return {};
  const auto why = record.why.value_or(failure{});
  return one_line(why.message.empty() ? std::string{describe(why.code).title} : why.message);
}

json_writer head_of(const image_import& record) {
  json_writer answer{
      {"id", record.id},
      {"type", task_type(record)},
      {"status", to_string(task_status_of(record.status))},
      {"owner", record.project_id},
      {"created_at", glance_time(record.created_at)},
      {"updated_at", glance_time(record.updated_at)},
      {"self", "/v2/tasks/" + record.id},
      {"schema", "/v2/schemas/task"},
  };
  if (record.expires_at)
    answer["expires_at"] = glance_time(*record.expires_at);
  return answer;
}

/// `YYYY-MM-DDTHH:MM:SS.ffffff`, as rows of a database print.
std::string raw_time(time_point when) {
  auto text = glance_time(when);
  text.pop_back();
  const auto microseconds = (when - std::chrono::floor<std::chrono::seconds>(when)).count();
  std::array<char, 16> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%06lld", static_cast<long long>(microseconds));
  return text.append(fraction.data());
}

}  // namespace

std::string_view task_type(const image_import& record) noexcept {
  return fills_an_image(record.origin) ? "api_image_import" : "import";
}

std::string task_json(const image_import& record) {
  auto answer = head_of(record);
  answer["input"] = input_of(record);
  answer["result"] = result_of(record);
  answer["message"] = message_of(record);
  if (fills_an_image(record.origin))
    answer["image_id"] = record.image_id;
  if (!record.request_id.empty())
    answer["request_id"] = record.request_id;
  if (!record.user_id.empty())
    answer["user_id"] = record.user_id;
  return written(answer);
}

std::string tasks_json(const std::vector<image_import>& page, const page_links& links) {
  auto tasks = json_writer::array();
  for (const auto& record : page)
    tasks.push_back(head_of(record));
  json_writer answer;
  answer["tasks"] = std::move(tasks);
  answer["first"] = links.first;
  if (links.next)
    answer["next"] = *links.next;
  answer["schema"] = "/v2/schemas/tasks";
  return written(answer);
}

std::string image_tasks_json(const std::vector<image_import>& records) {
  auto tasks = json_writer::array();
  for (const auto& record : records)
    tasks.push_back({
        {"id", record.id},
        {"type", task_type(record)},
        {"status", to_string(task_status_of(record.status))},
        {"owner", record.project_id},
        {"expires_at", record.expires_at ? json_writer(raw_time(*record.expires_at)) : json_writer(nullptr)},
        {"created_at", raw_time(record.created_at)},
        {"updated_at", raw_time(record.updated_at)},
        {"deleted_at", nullptr},
        {"deleted", false},
        {"image_id", record.image_id},
        {"request_id", record.request_id},
        {"user_id", record.user_id},
        {"input", input_of(record)},
        {"result", result_of(record)},
        {"message", message_of(record)},
    });
  json_writer answer;
  answer["tasks"] = std::move(tasks);
  return written(answer);
}

}  // namespace sluice::schemas
