// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "http/api/exchange.hpp"
#include "schemas/image_import.hpp"

namespace sluice::http {

/// `/v2/image-imports` and `/v2/image-imports/{id}`: create, show (also held by `Prefer: wait`, also as a stream of
/// events), list, delete. Another project's import is as absent as one that never was.
void add_image_imports(api_router& routes);

/// The import with this id, when it exists and `who` may see it: its own project, or an administrator.
[[nodiscard]] std::optional<schemas::image_import> visible_import(const api_state& state, const schemas::identity& who,
                                                                  std::string_view id);

}  // namespace sluice::http
