// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/check_result.hpp"
#include "schemas/failure.hpp"
#include "schemas/image_import_status.hpp"
#include "schemas/import_origin.hpp"

namespace sluice::schemas {

/// UTC with microseconds: what records keep. Answers print whole seconds.
using time_point = std::chrono::sys_time<std::chrono::microseconds>;

/// What the user wants the image to be called and to require; Glance's own fields, validated and capped.
struct image_properties {
  std::optional<std::string> name;
  std::vector<std::string> tags;  ///< sorted, unique
  std::optional<std::string> disk_format;
  std::optional<std::string> container_format;
  std::optional<std::string> visibility;  ///< shared when absent
  std::uint32_t min_disk = 0;             ///< GiB
  std::uint32_t min_ram = 0;              ///< MiB
  bool is_protected = false;
  bool os_hidden = false;
  std::map<std::string, std::string> extra;  ///< every other key, as given

  friend bool operator==(const image_properties&, const image_properties&) = default;
};

/// A digest that the bytes must have, as they are received.
struct expected_checksum {
  std::string algorithm;  ///< sha256 | sha512; sha1 | md5 only beside one of those (they never count as verification)
  std::string value;      ///< lower-case hex

  friend bool operator==(const expected_checksum&, const expected_checksum&) = default;
};

/// What the user says the bytes are; enforced, never believed.
struct expectation {
  std::optional<std::uint64_t> size;         ///< bytes as received
  std::vector<expected_checksum> checksums;  ///< every one must hold; one an algorithm
  /// Normalised URL of a file of checksums, may hold credentials: kept for the fetch, never shown or logged.
  std::optional<std::string> checksums_url;
  std::optional<std::string> checksums_name;  ///< the image's name in there, when it is not the location's last segment

  friend bool operator==(const expectation&, const expectation&) = default;
};

/// Who asks: the outcome of authentication, carried by every request.
struct identity {
  std::string project_id;
  std::string user_id;
  std::vector<std::string> roles;  ///< lower case

  [[nodiscard]] bool has_role(std::string_view role) const noexcept;
  [[nodiscard]] bool is_admin() const noexcept { return has_role("admin"); }
  friend bool operator==(const identity&, const identity&) = default;
};

/// A validated body of POST /v2/image-imports.
struct import_request {
  std::string location;  ///< normalised URL, may hold credentials: kept for the fetch, never shown or logged
  image_properties properties;
  expectation expect;
  std::string convert_to{};  ///< raw | qcow2; "" = as the operator has it

  friend bool operator==(const import_request&, const import_request&) = default;
};

/// What an image was before it was converted: the bytes as they came.
struct source_facts {
  std::string disk_format;  ///< as detected; empty when the image was not converted
  std::uint64_t size = 0;
  std::string md5, os_hash_algo, os_hash_value;  ///< as in content_facts

  friend bool operator==(const source_facts&, const source_facts&) = default;
};

/// What the pipeline found out about the bytes.
struct content_facts {
  std::uint64_t size = 0;          ///< bytes stored
  std::uint64_t virtual_size = 0;  ///< bytes the guest sees
  std::string disk_format;         ///< as detected
  std::string md5;                 ///< hex; empty when [digests] md5 = false
  std::string os_hash_algo;        ///< sha512 | sha256
  std::string os_hash_value;       ///< hex
  std::string unpacked_from{};     ///< gzip | xz | zstd | bzip2 | ova: what was taken off; empty when it came as it is
  source_facts converted_from{};   ///< all else is of what was made of it
  /// Properties that came with the bytes from another Glance; of an import alone, an image has them among its own.
  std::map<std::string, std::string> described{};

  [[nodiscard]] bool converted() const noexcept { return !converted_from.disk_format.empty(); }
  friend bool operator==(const content_facts&, const content_facts&) = default;
};

/// The durable record of one image-import. Everything a restart needs is here.
struct image_import {
  std::string id;        ///< random UUID
  std::string image_id;  ///< chosen before the first byte, so that a crash at any point can be finished or undone
  std::string project_id;
  std::string user_id;
  image_import_status status = image_import_status::waiting;
  import_request request;
  time_point created_at{};
  time_point updated_at{};
  std::optional<time_point> expires_at;  ///< set on success and failure
  std::optional<failure> why;            ///< set on failure

  std::uint64_t durable_bytes = 0;     ///< staged and synced: a restart continues here
  std::string validator;               ///< strong ETag of the source, empty when it has none
  std::optional<std::uint64_t> total;  ///< bytes, as the source announced
  std::optional<content_facts> facts;  ///< set on bytes_complete
  std::vector<check_result> checks;    ///< of the last verification, in the order in which they ran

  import_origin origin = import_origin::image_imports;
  std::string request_id;  ///< of the request that asked for it
  std::string asked;       ///< the body of that request (JSON), where a dialect shows it again; else empty

  /// Every byte is there, and it waits for the word to go on: what PUT …/stage leaves behind.
  [[nodiscard]] bool is_staged() const noexcept {
    return origin == import_origin::stage && status == image_import_status::uploading && facts.has_value();
  }

  friend bool operator==(const image_import&, const image_import&) = default;
};

/// The location as it may be shown to its owner: without userinfo, query and fragment (SECURITY A5).
[[nodiscard]] std::string location_without_credentials(std::string_view location);

}  // namespace sluice::schemas
