// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/api/exchange.hpp"

namespace sluice::http {

/// `/metrics`, for Prometheus: counters, gauges and histograms in its text format.
void add_metrics(api_router& routes);

/// `/healthcheck` of the operators' port: 200 when the parts that an import needs answer, records can be written and
/// the disk has room, else 503; which of them, as JSON.
void add_operator_healthcheck(api_router& routes);

}  // namespace sluice::http
