// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "http/api/exchange.hpp"
#include "schemas/image.hpp"

namespace sluice::http {

/// `/v2/images` and `/v2/images/{id}`: list, show, delete, as Glance answers them.
void add_images(api_router& routes);

/// The image with this id, when it exists and `who` may see it.
[[nodiscard]] std::optional<schemas::image> visible_image(const api_state& state, const schemas::identity& who,
                                                          std::string_view id);

}  // namespace sluice::http
