// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "schemas/image.hpp"
#include "schemas/image_import.hpp"
#include "schemas/image_member.hpp"

/// Records to write, read and show in tests.
namespace samples {

using namespace sluice;

/// 2013-05-19T15:19:56.789012Z
inline const schemas::time_point moment{std::chrono::sys_days{std::chrono::year{2013} / 5 / 19} +
                                        std::chrono::hours{15} + std::chrono::minutes{19} + std::chrono::seconds{56} +
                                        std::chrono::microseconds{789012}};

inline schemas::image_properties properties() {
  schemas::image_properties chosen;
  chosen.name = "Debian";
  chosen.tags = {"a", "b"};
  chosen.disk_format = "qcow2";
  chosen.min_disk = 4;
  chosen.os_hidden = true;
  chosen.extra = {{"os_distro", "debian"}};
  return chosen;
}

inline schemas::content_facts facts() {
  return {196616, 1073741824, "qcow2", "d41d8cd98f00b204e9800998ecf8427e", "sha512", "cf83e1357eefb8bd"};
}

/// An import as it stands in `status`.
inline schemas::image_import import(schemas::image_import_status status) {
  using schemas::image_import_status;
  schemas::image_import record;
  record.id = "5b1c7f0e-9d0b-4a3c-8e57-0c2a4a3b6d11";
  record.image_id = "71c675ab-d94f-49cd-a114-e12490b328d9";
  record.project_id = "project-1";
  record.user_id = "user-1";
  record.status = status;
  record.request.location = "https://example.org/disk.qcow2?signature=secret";
  record.request.properties = properties();
  record.request.expect.size = 196616;
  record.created_at = moment;
  record.updated_at = moment + std::chrono::minutes{1};
  if (schemas::is_final(status))
    record.expires_at = moment + std::chrono::hours{48};
  if (status == image_import_status::failure)
    record.why.emplace(schemas::error_code::source_status, "Could not retrieve image. Received 404 response.");
  if (status == image_import_status::uploading) {
    record.durable_bytes = 65536;
    record.validator = "\"etag\"";
    record.total = 196616;
  }
  if (status == image_import_status::verifying || status == image_import_status::success)
    record.facts = facts();
  return record;
}

inline schemas::image image() {
  schemas::image record;
  record.id = "71c675ab-d94f-49cd-a114-e12490b328d9";
  record.owner = "project-1";
  record.properties = properties();
  record.properties.container_format = "bare";
  record.properties.visibility = "shared";
  record.status = schemas::image_status::active;
  record.facts = facts();
  record.created_at = record.updated_at = moment;
  return record;
}

inline schemas::image_member member() {
  return {"71c675ab-d94f-49cd-a114-e12490b328d9", "project-2", schemas::member_status::accepted, moment,
          moment + std::chrono::minutes{1}};
}

}  // namespace samples
