// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/image_import.hpp"
#include "schemas/json.hpp"

/// Imports as Glance's tasks (API 2.2 and 2.12): the same records in other words.
namespace sluice::schemas {

enum class task_status : std::uint8_t { pending, processing, success, failure };

[[nodiscard]] constexpr task_status task_status_of(image_import_status status) noexcept {
  switch (status) {
    case image_import_status::waiting: return task_status::pending;
    case image_import_status::uploading:
    case image_import_status::verifying: return task_status::processing;
    case image_import_status::success: return task_status::success;
    case image_import_status::failure: return task_status::failure;
  }
  return task_status::failure;
}

[[nodiscard]] constexpr std::string_view to_string(task_status status) noexcept {
  switch (status) {
    case task_status::pending: return "pending";
    case task_status::processing: return "processing";
    case task_status::success: return "success";
    case task_status::failure: return "failure";
  }
  return "unknown";
}

[[nodiscard]] constexpr std::optional<task_status> task_status_from(std::string_view name) noexcept {
  for (const auto status : {task_status::pending, task_status::processing, task_status::success, task_status::failure})
    if (to_string(status) == name)
      return status;
  return std::nullopt;
}

/// `import` for what stands alone, `api_image_import` for what fills an image.
[[nodiscard]] std::string_view task_type(const image_import& record) noexcept;

/// What a body of POST /v2/tasks asks for: an import of `import_from`.
struct task_request {
  import_request wanted;
  std::string input;  ///< the member `input` again (JSON), credentials taken out: what the task shows
};
/// `type` must be `import`; `input` has `import_from`, and may have `import_from_format` and `image_properties`.
/// Members of the published schema that the service sets itself are ignored, all others refused.
[[nodiscard]] result<task_request> parse_task_request(std::string_view body, const identity& who,
                                                      const sources_configuration& sources);

/// One task, whole.
[[nodiscard]] std::string task_json(const image_import& record);
/// One page of a listing: without input, result and message.
[[nodiscard]] std::string tasks_json(const std::vector<image_import>& page, const page_links& links);
/// The tasks of one image as Glance's /v2/images/{id}/tasks has them: whole, times with microseconds and no zone.
[[nodiscard]] std::string image_tasks_json(const std::vector<image_import>& records);

}  // namespace sluice::schemas
