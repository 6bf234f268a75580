// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "schemas/image.hpp"

/// What a listing knows of an image without reading its record: every attribute that images are sorted by and most of
/// those they are filtered by. A hundred thousand rows are looked through in the time in which a thousand records are
/// read.
namespace sluice::persistence {

/// Views hold as long as what the row was made of.
struct image_row {
  std::string_view id;
  std::string_view owner, visibility;
  std::optional<std::string_view> name;
  std::string_view disk_format, container_format;  ///< empty: none
  schemas::image_status status = schemas::image_status::queued;
  bool is_protected = false;
  bool os_hidden = false;
  std::uint32_t min_disk = 0, min_ram = 0;
  std::optional<std::uint64_t> size, virtual_size;  ///< bytes; none while there are no bytes
  schemas::time_point created_at{}, updated_at{};
  std::string_view traits;  ///< of tags and properties; see `may_have`
};

/// The row of a record, without traits.
[[nodiscard]] image_row row_of(const schemas::image& record);

/// What is left of a tag, or of a property and its value, in a row. Checksums are properties here, by Glance's names
/// for them: checksum, os_hash_algo, os_hash_value.
using trait = std::uint16_t;
[[nodiscard]] trait trait_of_tag(std::string_view tag) noexcept;
[[nodiscard]] trait trait_of_property(std::string_view name, std::string_view value) noexcept;
/// False: the image does not have it. True: it has it, or something that leaves the same trait, as one in 65,536 does.
[[nodiscard]] bool may_have(const image_row& row, trait wanted) noexcept;

/// An image as the value of an index row: all that a row has but id and created_at, which are in the key.
[[nodiscard]] std::string encode_row(const schemas::image& record);
/// Empty for bytes that no `encode_row` wrote; id and created_at are left for the caller.
[[nodiscard]] std::optional<image_row> decode_row(std::string_view bytes) noexcept;

}  // namespace sluice::persistence
