// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/impl/tables.hpp"
#include "schemas/image.hpp"
#include "schemas/image_import.hpp"
#include "schemas/image_member.hpp"

/// The index rows of records: which there are, and how their keys are spelled. Every key is PREFIX ‖ POSITION, where a
/// position is time (8 bytes, big-endian, sign bit turned, so that bytes sort as times) ‖ id. Pure.
namespace sluice::persistence {

inline constexpr std::size_t longest_id = 64;        ///< bytes
inline constexpr std::size_t longest_project = 255;  ///< bytes; with the rest, keys stay under LMDB's 511

struct row {
  lmdb::database table = 0;
  std::string key;
  std::string value;

  friend auto operator<=>(const row&, const row&) = default;
};

[[nodiscard]] std::string position(schemas::time_point when, std::string_view id);
[[nodiscard]] std::string_view id_of_position(std::string_view position) noexcept;
[[nodiscard]] schemas::time_point time_of_position(std::string_view position) noexcept;

/// All index rows of a record, sorted.
[[nodiscard]] std::vector<row> rows_of(const schemas::image_import& record, const tables& where);
/// `members`: all of the image's.
[[nodiscard]] std::vector<row> rows_of(const schemas::image& record, const std::vector<schemas::image_member>& members,
                                       const tables& where);

/// Prefix of a project's imports in `imports_by_project`: all of them, or those of one status.
[[nodiscard]] std::string import_prefix(std::string_view project, std::optional<schemas::image_import_status> status);

/// Prefix of the imports into one image in `imports_by_image`.
[[nodiscard]] std::string image_prefix(std::string_view image_id);

/// Which images a prefix of `image_listings` holds.
enum class listing_scope : char {
  all = 'A',
  owned = 'O',
  of_the_public = 'P',
  community = 'C',
  shared_pending = 'p',  ///< with a project that has not said anything about it yet
  shared_accepted = 'a',
  shared_rejected = 'r',
};
[[nodiscard]] listing_scope shared_scope(schemas::member_status status) noexcept;
/// `project` counts only for what one owns and what is shared with one. With a name, the images of that name (and of
/// names with the same hash: the caller compares).
[[nodiscard]] std::string listing_prefix(listing_scope scope, std::string_view project, bool hidden,
                                         const std::optional<std::string>& name);

/// Key of a member in `members`: image id ‖ NUL ‖ member id.
[[nodiscard]] std::string key_of_member(std::string_view image_id, std::string_view member_id);
/// Keys of all members of an image, also of those that cannot be read.
[[nodiscard]] std::vector<std::string> keys_of_members(const lmdb::transaction& within, const tables& where,
                                                       std::string_view image_id);
/// All members of an image that can be read, by their ids.
[[nodiscard]] std::vector<schemas::image_member> read_members(const lmdb::transaction& within, const tables& where,
                                                              std::string_view image_id);

}  // namespace sluice::persistence
