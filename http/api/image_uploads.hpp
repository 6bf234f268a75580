// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "http/api/exchange.hpp"

namespace sluice::http {

/// `PUT /v2/images/{id}/file` and `PUT /v2/images/{id}/stage`: the bytes of an image in the body of the request,
/// through the same pipeline, limits and checks as every import. 204 when the image is active, or its bytes are staged.
void add_image_uploads(api_router& routes);

/// Requests whose body is an image: read while they are answered.
[[nodiscard]] bool is_upload(verb method, std::string_view path) noexcept;

}  // namespace sluice::http
