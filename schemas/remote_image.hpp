// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/image_import.hpp"
#include "schemas/location.hpp"

/// Images at another Glance, for its import method glance-download: where they are, and what is taken over of what is
/// said of them.
namespace sluice::schemas {

/// Where the record and the bytes of an image are, and whose token opens them.
struct remote_image {
  location record;           ///< …/v2/images/ID
  location file;             ///< …/v2/images/ID/file
  std::string token_handle;  ///< which of the callers' tokens goes with them; empty for none
};

/// The location of an image as an import's record keeps it: "glance+" in front of its URL. `endpoint` is what the
/// cloud's catalog says of the image service, with the version in its path or without; empty when the catalog names
/// none, which the import then fails with.
[[nodiscard]] std::string remote_image_location(std::string_view endpoint, std::string_view image_id);

/// Nobody can ask for such a location: it comes from the catalog alone.
[[nodiscard]] bool is_remote_image(std::string_view location) noexcept;

/// Judged as every location is, but at any port: the catalog is the operator's.
[[nodiscard]] result<remote_image> parse_remote_image(std::string_view location, const sources_configuration& sources);

/// What another Glance says of an image.
struct remote_description {
  /// What the new image takes over, by name: container_format, and of the other properties those that say what the
  /// guest needs (hw_*, trait:*, os_distro, os_secure_boot, os_type: Glance's default for extra_properties), 128 at
  /// most.
  std::map<std::string, std::string> properties;
  std::vector<expected_checksum> digests;  ///< of its bytes: os_hash_value, and checksum, which is md5
};

/// Refused with `source_protocol` when `body` is no image, with `source_status` when that image has no bytes to give.
[[nodiscard]] result<remote_description> taken_from_remote(std::string_view body);

}  // namespace sluice::schemas
