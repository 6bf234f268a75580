// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/api/exchange.hpp"

namespace sluice::http {

/// `/v1/bandwidth`, for operators: GET says what is in force, who has how much, and why; PATCH (a JSON merge patch of
/// `[bandwidth]`) changes it until the file is read again, and answers with the new state, in force already.
void add_bandwidth(api_router& routes);

}  // namespace sluice::http
