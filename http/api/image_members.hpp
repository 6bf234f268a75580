// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/api/exchange.hpp"

namespace sluice::http {

/// `/v2/images/{id}/members` and `/v2/images/{id}/members/{project}`: with whom a shared image is shared. The owner
/// sees and makes all members, each member sees itself and alone says whether it accepts.
void add_image_members(api_router& routes);

}  // namespace sluice::http
