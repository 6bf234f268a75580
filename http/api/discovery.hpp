// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/api/exchange.hpp"

namespace sluice::http {

/// What tells a client what is here: `/` and `/versions` (no token needed, as clients ask before they have one),
/// `/v2/info/import` and `/v2/info/stores`, and `/v2/schemas/…`, served from memory because Nova reads the image schema
/// at every boot.
void add_discovery(api_router& routes);

/// `/v2/schemas/…` alone.
void add_schemas(api_router& routes);

/// `/healthcheck`: 200 and the word OK as long as requests are answered.
void add_healthcheck(api_router& routes);

/// Paths that need no identity.
[[nodiscard]] bool is_open_to_all(std::string_view path) noexcept;

}  // namespace sluice::http
