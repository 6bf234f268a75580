// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/api/exchange.hpp"

namespace sluice::http {

/// `/v2/images/{id}/file`: the bytes, whole or one range of them (RFC 9110 section 14), with a strong ETag made of the
/// image's own hash. Nova takes nothing but exactly `application/octet-stream`.
void add_image_file(api_router& routes);

}  // namespace sluice::http
