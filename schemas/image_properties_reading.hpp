// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "schemas/image_import.hpp"
#include "schemas/json_value.hpp"

namespace sluice::schemas {

/// Reads `image_properties` as `who` may set them: Glance's names, types and enumerations, under caps. What the service
/// sets itself is refused as `reserved_property`, what needs the role admin as `property_forbidden`. Which visibility a
/// caller may choose is the policy's to say. `pointer` is where `object` stands in the document.
[[nodiscard]] result<image_properties> read_image_properties(const json_object& object, const identity& who,
                                                             const std::string& pointer);

inline constexpr std::size_t most_extra_properties = 128;  ///< of one's own; Glance's image_property_quota
inline constexpr std::size_t most_tags = 128;              ///< of one image; Glance's image_tag_quota

/// May anybody but the service set a property of this name? `forbidden`, in Glance's words, when it is read-only or
/// reserved.
[[nodiscard]] result<void> may_be_set(std::string_view name);

/// Sets one property of an image to `value`, as Glance's own API allows: null takes a name or format away again, and
/// the owner may protect an image. Not for `owner`; which visibility a caller may choose is the policy's to say.
[[nodiscard]] result<void> set_image_property(const std::string& name, const json_value& value, image_properties& into);

/// 1 to 255 characters without control characters.
[[nodiscard]] result<void> check_tag(const std::string& tag);

}  // namespace sluice::schemas
