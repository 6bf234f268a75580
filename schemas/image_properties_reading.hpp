// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "schemas/image_import.hpp"
#include "schemas/json_value.hpp"

namespace sluice::schemas {

/// Reads `image_properties` as `who` may set them: Glance's names, types and enumerations, under caps. What the service
/// sets itself is refused as `reserved_property`, what needs the role admin as `property_forbidden`. `pointer` is where
/// `object` stands in the document.
[[nodiscard]] result<image_properties> read_image_properties(const json_object& object, const identity& who,
                                                             const std::string& pointer);

}  // namespace sluice::schemas
