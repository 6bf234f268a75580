// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "schemas/image_change.hpp"

/// The bodies of Glance's Images API, read and validated under caps. What is refused is refused as Glance does:
/// invalid_json and invalid_request (400), forbidden (403) for what is read-only or reserved.
namespace sluice::schemas {

/// POST /v2/images. The draft's owner is the body's, or `who`'s project; its id is the body's, or empty.
[[nodiscard]] result<image> parse_new_image(std::string_view body, const identity& who);

/// How the steps of a PATCH are written.
enum class patch_dialect : std::uint8_t {
  old_names,  ///< …-v2.0-json-patch: `{"replace": "/name", "value": "x"}`; `add` refuses what is there
  rfc_6902,   ///< …-v2.1-json-patch: `{"op": "replace", "path": "/name", "value": "x"}`
};
/// The body of a PATCH: an array of add, replace and remove, each of one attribute named by a JSON Pointer.
[[nodiscard]] result<image_changes> parse_image_patch(std::string_view body, patch_dialect dialect);

/// POST …/members: `{"member": "project"}`.
[[nodiscard]] result<std::string> parse_new_member(std::string_view body);
/// PUT …/members/{project}: `{"status": "accepted"}`.
[[nodiscard]] result<member_status> parse_member_status(std::string_view body);

}  // namespace sluice::schemas
