// SPDX-License-Identifier: Apache-2.0
#include "schemas/image_request.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "schemas/image_properties_reading.hpp"
#include "schemas/json_value.hpp"
#include "schemas/uuid.hpp"

namespace sluice::schemas {
namespace {

constexpr std::size_t longest_project = 255;

auto invalid(std::string words, std::string pointer = {}) {
  return refuse(error_code::invalid_request, std::move(words), std::move(pointer));
}

result<void> read_id(const json_value& value, image& into) {
  const auto* const id = value.as_string();
  if (id == nullptr || !is_uuid(*id))
    return invalid("Expected a UUID, got something else.", "/id");
  into.id = *id;
  return {};
}

result<void> read_owner(const json_value& value, image& into) {
  if (value.is_null())
    return {};
  const auto* const owner = value.as_string();
  if (owner == nullptr || owner->empty() || owner->size() > longest_project)
    return invalid("Expected the id of a project, got something else.", "/owner");
  into.owner = *owner;
  return {};
}

result<void> read_member_of_new_image(const json_member& member, image& into) {
  if (member.name == "id")
    return read_id(member.value, into);
  if (auto allowed = may_be_set(member.name); !allowed)
    return allowed;
  if (member.name == "owner")
    return read_owner(member.value, into);
  return set_image_property(member.name, member.value, into.properties);
}

/// The tokens of a JSON Pointer (RFC 6901).
result<std::vector<std::string>> read_pointer(const std::string& pointer) {
  if (!pointer.starts_with('/'))
    return invalid("Pointer `" + pointer + "` does not start with \"/\".");
  std::vector<std::string> tokens{{}};
  for (std::size_t i = 1; i < pointer.size(); ++i) {
    if (pointer[i] == '/') {
      if (tokens.back().empty())
        return invalid("Pointer `" + pointer + "` contains adjacent \"/\".");
      tokens.emplace_back();
    } else if (pointer[i] != '~') {
      tokens.back().push_back(pointer[i]);
    } else if (i + 1 < pointer.size() && (pointer[i + 1] == '0' || pointer[i + 1] == '1')) {
      tokens.back().push_back(pointer[++i] == '0' ? '~' : '/');
    } else {
      return invalid("Pointer `" + pointer + "` contains \"~\" not part of a recognized escape sequence.");
    }
  }
  if (tokens.back().empty())
    return invalid("Pointer `" + pointer + "` ends with \"/\".");
  return tokens;
}

std::optional<image_change::kind> kind_from(std::string_view name) {
  if (name == "add")
    return image_change::kind::add;
  if (name == "replace")
    return image_change::kind::replace;
  if (name == "remove")
    return image_change::kind::remove;
  return std::nullopt;
}

struct operation {
  image_change::kind what;
  std::string pointer;
};

result<operation> read_operation(const json_value& step, patch_dialect dialect) {
  if (dialect == patch_dialect::rfc_6902) {
    const auto* const name = step.find("op");
    const auto* const word = name == nullptr ? nullptr : name->as_string();
    const auto what = word == nullptr ? std::nullopt : kind_from(*word);
    if (!what)
      return invalid("Expected `op` to be one of the following: add, remove, replace.");
    const auto* const path = step.find("path");
    if (path == nullptr || path->as_string() == nullptr)
      return invalid("Unable to find 'path' in JSON Schema change");
    return operation{*what, *path->as_string()};
  }
  std::optional<operation> found;
  for (const auto& member : *step.as_object()) {
    const auto what = kind_from(member.name);
    if (!what)
      continue;
    if (found || member.value.as_string() == nullptr)
      return invalid("Operation objects must contain only one member named \"add\", \"remove\", or \"replace\".");
    found = operation{*what, *member.value.as_string()};
  }
  if (!found)
    return invalid("Operation objects must contain exactly one member named \"add\", \"remove\", or \"replace\".");
  return *found;
}

result<image_change> read_step(const json_value& step, patch_dialect dialect) {
  if (step.as_object() == nullptr)
    return invalid("Operations must be JSON objects.");
  const auto found = read_operation(step, dialect);
  if (!found)
    return tl::unexpected{found.error()};
  auto tokens = read_pointer(found->pointer);
  if (!tokens)
    return tl::unexpected{std::move(tokens.error())};
  // Nothing inside an attribute can be addressed but the elements of `locations`, which nobody may change.
  if (tokens->size() != 1 && (tokens->front() != "locations" || tokens->size() > 2))
    return invalid("Invalid JSON pointer for this resource: '" + found->pointer + "'");
  image_change change;
  change.what = found->what;
  change.attribute = std::move(tokens->front());
  change.only_if_absent = dialect == patch_dialect::old_names;
  if (change.what == image_change::kind::remove)
    return change;
  const auto* const value = step.find("value");
  if (value == nullptr)
    return invalid("Operation \"" + std::string{change.what == image_change::kind::add ? "add" : "replace"} +
                   "\" requires a member named \"value\".");
  change.value = json_text(*value);
  return change;
}

}  // namespace

result<image> parse_new_image(std::string_view body, const identity& who) {
  const auto document = parse_json(body);
  if (!document)
    return tl::unexpected{document.error()};
  const auto* const object = document->as_object();
  if (object == nullptr)
    return invalid("Expected an object with the attributes of the image, got " + std::string{kind_of(*document)} + '.');
  image draft;
  draft.owner = who.project_id;
  draft.properties.visibility = "shared";
  for (const auto& member : *object)
    if (auto read = read_member_of_new_image(member, draft); !read)
      return tl::unexpected{std::move(read.error())};
  return draft;
}

result<image_changes> parse_image_patch(std::string_view body, patch_dialect dialect) {
  const auto document = parse_json(body);
  if (!document)
    return tl::unexpected{document.error()};
  const auto* const steps = document->as_array();
  if (steps == nullptr)
    return invalid("Request body must be a JSON array of operation objects.");
  image_changes changes;
  for (const auto& step : *steps) {
    auto change = read_step(step, dialect);
    if (!change)
      return tl::unexpected{std::move(change.error())};
    if (const auto allowed = may_be_set(change->attribute); !allowed)
      return tl::unexpected{allowed.error()};
    changes.push_back(std::move(*change));
  }
  return changes;
}

result<std::string> parse_new_member(std::string_view body) {
  const auto document = parse_json(body);
  if (!document)
    return tl::unexpected{document.error()};
  const auto* const member = document->find("member");
  const auto* const project = member == nullptr ? nullptr : member->as_string();
  if (project == nullptr || project->empty() || project->size() > longest_project)
    return invalid("Expected a member in the form: {\"member\": \"project id\"}", "/member");
  return *project;
}

result<member_status> parse_member_status(std::string_view body) {
  const auto document = parse_json(body);
  if (!document)
    return tl::unexpected{document.error()};
  const auto* const status = document->find("status");
  const auto* const word = status == nullptr ? nullptr : status->as_string();
  const auto read = word == nullptr ? std::nullopt : member_status_from(*word);
  if (!read)
    return invalid("Status must be \"pending\", \"accepted\" or \"rejected\".", "/status");
  return *read;
}

}  // namespace sluice::schemas
