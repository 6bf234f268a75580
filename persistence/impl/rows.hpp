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
[[nodiscard]] std::vector<row> rows_of(const schemas::image& record, const tables& where);

/// Prefix of a project's imports in `imports_by_project`: all of them, or those of one status.
[[nodiscard]] std::string import_prefix(std::string_view project, std::optional<schemas::image_import_status> status);

/// Which images a prefix of `image_listings` holds.
enum class listing_scope : char { all = 'A', owned = 'O', of_the_public = 'P', community = 'C' };
/// `owner` counts only for listing_scope::owned. With a name, the images of that name (and of names with the same hash:
/// the caller compares).
[[nodiscard]] std::string listing_prefix(listing_scope scope, std::string_view owner, bool hidden,
                                         const std::optional<std::string>& name);

/// What a row of `image_listings` says about its image, so that a filter need not read the record.
struct listing_value {
  std::string_view status, visibility, owner;
};
[[nodiscard]] listing_value parse_listing_value(std::string_view value) noexcept;

[[nodiscard]] std::string_view visibility_of(const schemas::image& record) noexcept;

}  // namespace sluice::persistence
