// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/api/exchange.hpp"

namespace sluice::http {

/// `/v1/reverification`, for operators: POST has stored images looked at again, all or one; GET says how far that is
/// and what was found; DELETE ends it.
void add_reverification(api_router& routes);

}  // namespace sluice::http
