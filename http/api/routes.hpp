// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/api/exchange.hpp"

/// Every route there is, each resource with its own: one place to look at them all.
namespace sluice::http {

/// Of the port that users and clouds reach.
void add_api_routes(api_router& routes);
/// Of the operators' port.
void add_operator_routes(api_router& routes);

}  // namespace sluice::http
