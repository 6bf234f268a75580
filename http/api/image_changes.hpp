// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/api/exchange.hpp"

namespace sluice::http {

/// What changes an image: `POST /v2/images`, `PATCH /v2/images/{id}` in both of Glance's dialects, its tags,
/// `actions/deactivate` and `actions/reactivate`. Each is read here and made by the image registry.
void add_image_changes(api_router& routes);

}  // namespace sluice::http
