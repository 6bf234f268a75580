// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "schemas/image.hpp"

namespace sluice::http {

/// An attribute that only the record of an image has, as a listing compares it; nothing when the image does not have
/// it. Any name that is not Glance's own is that of a property.
[[nodiscard]] std::optional<std::string_view> attribute_of(const schemas::image& record, std::string_view name);

}  // namespace sluice::http
