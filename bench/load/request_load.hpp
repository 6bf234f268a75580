// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/load/load_report.hpp"

namespace sluice::bench {

/// Sends requests when they are due, over whichever connection is free; those that are due and find none wait, and
/// their wait counts. After the duration what was sent is awaited as long as a request may take, at most 5 s.
void run_requests(const load_options& options, load_clock::time_point start, load_report& report);

}  // namespace sluice::bench
