// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "schemas/image_import.hpp"

namespace sluice::schemas {

/// The durable record of an image; the fields of GLANCE-API 1.4. Only active images exist here yet.
struct image {
  std::string id;
  std::string owner;  ///< project id
  std::string status = "active";
  image_properties
      properties;  ///< disk_format as detected, container_format "bare" unless given, visibility always set
  content_facts facts;
  time_point created_at{};
  time_point updated_at{};

  friend bool operator==(const image&, const image&) = default;
};

/// May `who` see this image at all? Owner, admin, or visibility public/community.
[[nodiscard]] bool may_see(const identity& who, const image& subject) noexcept;
/// May `who` change or delete it? Owner or admin.
[[nodiscard]] bool may_change(const identity& who, const image& subject) noexcept;

}  // namespace sluice::schemas
