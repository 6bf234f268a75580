// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::schemas {

/// The five statuses of the blueprint new-upload-workflow, in the order of an import's life.
enum class image_import_status : std::uint8_t { waiting, uploading, verifying, success, failure };

/// What can happen to an import. `resumed` is what a restart of the service does to a live one.
enum class image_import_event : std::uint8_t {
  slot_granted,      ///< admission lets it run
  bytes_complete,    ///< all bytes are staged durably, digests known, stream inspection passed
  verified,          ///< every verifier agreed and the image is published
  failed,            ///< anything that ends it: source, verification, storage, deadline
  cancelled,         ///< its owner deleted it
  source_restarted,  ///< verification found the staged bytes gone or damaged after a crash: fetch again
};

struct image_import_transition {
  image_import_status from;
  image_import_event event;
  image_import_status to;
};

/// Every legal move; whatever is not here is refused.
inline constexpr std::array image_import_transitions{
    image_import_transition{image_import_status::waiting, image_import_event::slot_granted,
                            image_import_status::uploading},
    image_import_transition{image_import_status::waiting, image_import_event::failed, image_import_status::failure},
    image_import_transition{image_import_status::waiting, image_import_event::cancelled, image_import_status::failure},
    image_import_transition{image_import_status::uploading, image_import_event::bytes_complete,
                            image_import_status::verifying},
    image_import_transition{image_import_status::uploading, image_import_event::failed, image_import_status::failure},
    image_import_transition{image_import_status::uploading, image_import_event::cancelled,
                            image_import_status::failure},
    image_import_transition{image_import_status::verifying, image_import_event::verified, image_import_status::success},
    image_import_transition{image_import_status::verifying, image_import_event::failed, image_import_status::failure},
    image_import_transition{image_import_status::verifying, image_import_event::cancelled,
                            image_import_status::failure},
    image_import_transition{image_import_status::verifying, image_import_event::source_restarted,
                            image_import_status::uploading},
};

/// The status after `event`, or nothing when the move is not legal.
[[nodiscard]] constexpr std::optional<image_import_status> next(image_import_status from,
                                                                image_import_event event) noexcept {
  for (const auto& row : image_import_transitions)
    if (row.from == from && row.event == event)
      return row.to;
  return std::nullopt;
}

[[nodiscard]] constexpr bool is_final(image_import_status status) noexcept {
  return status == image_import_status::success || status == image_import_status::failure;
}

[[nodiscard]] constexpr std::string_view to_string(image_import_status status) noexcept {
  switch (status) {
    case image_import_status::waiting: return "waiting";
    case image_import_status::uploading: return "uploading";
    case image_import_status::verifying: return "verifying";
    case image_import_status::success: return "success";
    case image_import_status::failure: return "failure";
  }
  return "unknown";
}

[[nodiscard]] constexpr std::string_view to_string(image_import_event event) noexcept {
  switch (event) {
    case image_import_event::slot_granted: return "slot_granted";
    case image_import_event::bytes_complete: return "bytes_complete";
    case image_import_event::verified: return "verified";
    case image_import_event::failed: return "failed";
    case image_import_event::cancelled: return "cancelled";
    case image_import_event::source_restarted: return "source_restarted";
  }
  return "unknown";
}

[[nodiscard]] constexpr std::optional<image_import_status> image_import_status_from(std::string_view name) noexcept {
  for (const auto status : {image_import_status::waiting, image_import_status::uploading,
                            image_import_status::verifying, image_import_status::success, image_import_status::failure})
    if (to_string(status) == name)
      return status;
  return std::nullopt;
}

}  // namespace sluice::schemas
