// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/uploads/pushed_source.hpp"
#include "schemas/image_import.hpp"

namespace sluice::actors {

/// Its bytes are pushed by a client: they cannot be asked for again.
[[nodiscard]] inline bool is_pushed(const schemas::image_import& record) noexcept {
  return record.request.location.starts_with(pushed_location);
}

/// Why an import ends whose image did not let itself be moved: it was deleted, or is no longer this import's to fill.
[[nodiscard]] inline schemas::failure image_refused(const schemas::failure& why) {
  if (why.code == schemas::error_code::quota_exceeded)
    return why;
  if (why.code == schemas::error_code::not_found)
    return {schemas::error_code::cancelled, "The image was deleted while it was imported."};
  return {schemas::error_code::cancelled, "The image was changed while it was imported: " + why.message};
}

}  // namespace sluice::actors
