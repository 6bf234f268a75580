// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::schemas {

/// The statuses of an image, Glance's words.
enum class image_status : std::uint8_t {
  queued,     ///< there is a record and there are no bytes
  saving,     ///< an upload (PUT …/file) is under way
  uploading,  ///< bytes are being staged, or are staged, for an import
  importing,
  active,
  killed,  ///< an upload failed for good; only deletion is left
  deleted,
  pending_delete,
  deactivated,  ///< there are bytes, and only administrators may read them
};

inline constexpr std::array image_statuses{
    image_status::queued,    image_status::saving,         image_status::uploading,
    image_status::importing, image_status::active,         image_status::killed,
    image_status::deleted,   image_status::pending_delete, image_status::deactivated};

struct image_status_move {
  image_status from;
  image_status to;
};

/// Every legal move, as Glance has them; whatever is not here is refused.
inline constexpr std::array image_status_moves{
    image_status_move{image_status::queued, image_status::saving},
    image_status_move{image_status::queued, image_status::uploading},
    image_status_move{image_status::queued, image_status::importing},
    image_status_move{image_status::queued, image_status::active},
    image_status_move{image_status::queued, image_status::deleted},
    image_status_move{image_status::saving, image_status::active},
    image_status_move{image_status::saving, image_status::killed},
    image_status_move{image_status::saving, image_status::deleted},
    image_status_move{image_status::saving, image_status::queued},
    image_status_move{image_status::uploading, image_status::importing},
    image_status_move{image_status::uploading, image_status::queued},
    image_status_move{image_status::uploading, image_status::deleted},
    image_status_move{image_status::importing, image_status::active},
    image_status_move{image_status::importing, image_status::deleted},
    image_status_move{image_status::importing, image_status::queued},
    image_status_move{image_status::active, image_status::pending_delete},
    image_status_move{image_status::active, image_status::deleted},
    image_status_move{image_status::active, image_status::deactivated},
    image_status_move{image_status::killed, image_status::deleted},
    image_status_move{image_status::pending_delete, image_status::deleted},
    image_status_move{image_status::pending_delete, image_status::active},
    image_status_move{image_status::deactivated, image_status::active},
    image_status_move{image_status::deactivated, image_status::deleted},
};

[[nodiscard]] constexpr bool may_become(image_status from, image_status to) noexcept {
  for (const auto& row : image_status_moves)
    if (row.from == from && row.to == to)
      return true;
  return false;
}

[[nodiscard]] constexpr std::string_view to_string(image_status status) noexcept {
  switch (status) {
    case image_status::queued: return "queued";
    case image_status::saving: return "saving";
    case image_status::uploading: return "uploading";
    case image_status::importing: return "importing";
    case image_status::active: return "active";
    case image_status::killed: return "killed";
    case image_status::deleted: return "deleted";
    case image_status::pending_delete: return "pending_delete";
    case image_status::deactivated: return "deactivated";
  }
  return "unknown";
}

[[nodiscard]] constexpr std::optional<image_status> image_status_from(std::string_view name) noexcept {
  for (const auto status : image_statuses)
    if (to_string(status) == name)
      return status;
  return std::nullopt;
}

}  // namespace sluice::schemas
