// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/api/exchange.hpp"

namespace sluice::http {

/// `POST /v2/images/{id}/import`: Glance's interoperable import, by the same actors as `/v2/image-imports`; 202 with an
/// empty body as soon as it is durable. `GET /v2/images/{id}/tasks`: what became of it.
void add_interoperable_import(api_router& routes);

}  // namespace sluice::http
