// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/api/exchange.hpp"

namespace sluice::http {

/// `/v2/tasks` and `/v2/tasks/{id}`: Glance's tasks, of type import: create, show, list. The tasks are the imports, in
/// whatever dialect they were asked for; another project's is as absent as one that never was.
void add_tasks(api_router& routes);

}  // namespace sluice::http
