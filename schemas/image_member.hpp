// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "schemas/image_import.hpp"

namespace sluice::schemas {

/// What a project says to an image that was shared with it: only accepted ones are in its lists.
enum class member_status : std::uint8_t { pending, accepted, rejected };

inline constexpr std::array member_statuses{member_status::pending, member_status::accepted, member_status::rejected};

[[nodiscard]] constexpr std::string_view to_string(member_status status) noexcept {
  switch (status) {
    case member_status::pending: return "pending";
    case member_status::accepted: return "accepted";
    case member_status::rejected: return "rejected";
  }
  return "unknown";
}

[[nodiscard]] constexpr std::optional<member_status> member_status_from(std::string_view name) noexcept {
  for (const auto status : member_statuses)
    if (to_string(status) == name)
      return status;
  return std::nullopt;
}

/// The durable record of a project with which an image is shared.
struct image_member {
  std::string image_id;
  std::string member_id;  ///< project id
  member_status status = member_status::pending;
  time_point created_at{};
  time_point updated_at{};

  friend bool operator==(const image_member&, const image_member&) = default;
};

/// What a member is known by.
struct member_key {
  std::string image_id;
  std::string member_id;

  friend bool operator==(const member_key&, const member_key&) = default;
};

}  // namespace sluice::schemas
