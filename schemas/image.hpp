// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "schemas/image_import.hpp"
#include "schemas/image_status.hpp"

namespace sluice::schemas {

/// The durable record of an image, with or without bytes.
struct image {
  std::string id;
  std::string owner;  ///< project id
  image_status status = image_status::queued;
  image_properties properties;         ///< visibility always set; the formats as detected once there are bytes
  std::optional<content_facts> facts;  ///< none while there are no bytes; while they are staged, the size alone
  time_point created_at{};
  time_point updated_at{};

  friend bool operator==(const image&, const image&) = default;
};

/// The one store that images are in, as answers name it.
inline constexpr std::string_view store_id = "default";

/// "shared" when nothing else was said.
[[nodiscard]] std::string_view visibility_of(const image& subject) noexcept;

/// May `who` see this image at all? Owner, admin, visibility public or community, and, when it is shared, a member of
/// whatever status. `is_member` says whether the caller's project is one.
[[nodiscard]] bool may_see(const identity& who, const image& subject, bool is_member = false) noexcept;
/// May `who` change or delete it? Owner or admin.
[[nodiscard]] bool may_change(const identity& who, const image& subject) noexcept;

}  // namespace sluice::schemas
