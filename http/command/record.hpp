// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "http/command/outcome.hpp"
#include "http/command/service_client.hpp"

/// The service's JSON as values. Whatever is missing or of another type reads as empty: an older or newer service does
/// not break the command.
namespace sluice::command {

/// One image-import.
struct import_record {
  std::string document;  ///< the JSON as it came, one line
  std::string id;
  std::string status;
  std::string location;
  std::string name;
  std::string image_id;  ///< from image_ref, on success
  std::string message;   ///< on failure
  std::string error_code;
  std::string hint;
  bool retryable = false;
  std::string created_at;
  std::string expires_by;

  std::string phase;
  std::uint64_t bytes = 0;
  std::optional<std::uint64_t> total;
  std::optional<std::uint64_t> rate;
  std::optional<std::uint64_t> eta;
  std::optional<std::uint64_t> queue_position;
  std::string limited_by;

  [[nodiscard]] bool over() const { return status == "success" || status == "failure"; }
  /// What people know it by: its name, else its id.
  [[nodiscard]] const std::string& title() const { return name.empty() ? id : name; }
};

/// One image, as far as this program needs it.
struct image_record {
  std::string document;
  std::string id;
  std::string name;
  std::string disk_format;
  std::string checksum;  ///< md5, hex
  std::string os_hash_algo;
  std::string os_hash_value;
  std::optional<std::uint64_t> size;
  std::optional<std::uint64_t> virtual_size;
};

struct import_page {
  std::vector<import_record> imports;
  std::string next;  ///< path of the next page, "" at the end
};

[[nodiscard]] attempt<import_record> read_import(const answer& from);
[[nodiscard]] attempt<image_record> read_image(const answer& from);
[[nodiscard]] attempt<import_page> read_imports(const answer& from);

/// Passes an answer with one of the expected statuses on; turns every other one into the service's own words, with the
/// field it names and what can be done.
[[nodiscard]] attempt<answer> accepted(attempt<answer> from);

/// Every member of a JSON object as aligned lines for people; members of members as "outer.inner".
[[nodiscard]] std::string readable(const std::string& document, bool utf8);

/// The body of POST /v2/image-imports.
[[nodiscard]] std::string compose_import(const import_arguments& wanted);

}  // namespace sluice::command
