// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "schemas/image_properties_reading.hpp"
#include "schemas/json_copying.hpp"
#include "schemas/swift_location.hpp"
#include "schemas/task.hpp"

namespace sluice::schemas {
namespace {

/// What Glance's schema of a task names besides `type` and `input`: the service's to set, so that it is left unread.
constexpr std::array<std::string_view, 14> set_by_the_service{
    "id",   "status", "owner",      "result",   "message",    "created_at", "updated_at",
    "self", "schema", "expires_at", "image_id", "request_id", "user_id",    "deleted"};

result<void> check_members(const json_object& body) {
  for (const auto& member : body)
    if (member.name != "type" && member.name != "input" &&
        std::ranges::find(set_by_the_service, member.name) == set_by_the_service.end())
      return refuse(error_code::invalid_request, "Additional properties are not allowed: expected type and input.",
                    json_pointer("", member.name));
  return {};
}

result<void> check_type(const json_value& body) {
  const auto* const type = body.find("type");
  if (type == nullptr || type->as_string() == nullptr)
    return expected("the type of the task as a string", type, "/type");
  if (*type->as_string() != "import")
    return refuse(error_code::invalid_request, "Expected the type import, which is the one that can be asked for.",
                  "/type");
  return {};
}

result<import_request> read_input(const json_value& input, const identity& who, const sources_configuration& sources) {
  if (auto known =
          only_known_members(*input.as_object(), {"import_from", "import_from_format", "image_properties"}, "/input");
      !known)
    return tl::unexpected{std::move(known).error()};
  import_request wanted;
  const auto* const from = input.find("import_from");
  if (from == nullptr || from->as_string() == nullptr)
    return expected("the URL of the image as a string", from, "/input/import_from");
  auto location = normalised_location(*from->as_string(), sources);
  if (!location)
    return refuse(location.error().code, location.error().message, "/input/import_from");
  wanted.location = std::move(*location);
  if (const auto* const properties = input.find("image_properties")) {
    if (properties->as_object() == nullptr)
      return expected("an object", properties, "/input/image_properties");
    auto read = read_image_properties(*properties->as_object(), who, "/input/image_properties");
    if (!read)
      return tl::unexpected{std::move(read).error()};
    wanted.properties = std::move(*read);
  }
  const auto* const format = input.find("import_from_format");
  if (format == nullptr || format->is_null() || wanted.properties.disk_format)
    return wanted;
  // The format of the source is a declaration like disk_format, under the same rules; an empty one says nothing.
  if (format->as_string() == nullptr)
    return expected("the format of the image as a string", format, "/input/import_from_format");
  if (format->as_string()->empty())
    return wanted;
  json_object declared(1);
  declared.front().name = "disk_format";
  declared.front().value = *format;
  auto read = read_image_properties(declared, who, "/input");
  if (!read)
    return refuse(read.error().code, read.error().message, "/input/import_from_format");
  wanted.properties.disk_format = std::move(read->disk_format);
  return wanted;
}

}  // namespace

result<task_request> parse_task_request(std::string_view body, const identity& who,
                                        const sources_configuration& sources) {
  const auto document = parse_json(body);
  if (!document)
    return tl::unexpected{document.error()};
  const auto* const object = document->as_object();
  if (object == nullptr)
    return expected("an object with type and input", &*document, "");
  if (auto known = check_members(*object); !known)
    return tl::unexpected{std::move(known).error()};
  if (auto served = check_type(*document); !served)
    return tl::unexpected{std::move(served).error()};
  const auto* const input = document->find("input");
  if (input == nullptr || input->as_object() == nullptr)
    return expected("an object with import_from", input, "/input");
  auto wanted = read_input(*input, who, sources);
  if (!wanted)
    return tl::unexpected{std::move(wanted).error()};
  auto shown = copy_of(*input);
  shown["import_from"] = location_without_credentials(wanted->location);
  task_request request;
  request.wanted = std::move(*wanted);
  request.input = written(shown);
  return request;
}

}  // namespace sluice::schemas
