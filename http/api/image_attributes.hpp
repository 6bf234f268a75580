// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "schemas/image.hpp"

namespace sluice::http {

/// An attribute of an image as a listing compares it; nothing when the image does not have it. Any name that is
/// not Glance's own is that of a property.
[[nodiscard]] std::optional<std::string> attribute_of(const schemas::image& record, std::string_view name);

/// `size` and its like are compared as numbers: the same text, padded to one width.
[[nodiscard]] std::string sortable_number(std::uint64_t value);

}  // namespace sluice::http
