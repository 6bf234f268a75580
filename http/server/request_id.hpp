// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "schemas/uuid.hpp"

/// Every answer carries the id of its request, so that a user's report and the log can be put side by side.
namespace sluice::http {

inline constexpr std::size_t longest_request_id = 64;

/// `req-` and a random UUID.
[[nodiscard]] std::string new_request_id();
/// Exactly that form; anything else from a client is not repeated.
[[nodiscard]] bool is_request_id(std::string_view text) noexcept;
using schemas::is_uuid;

}  // namespace sluice::http
