// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/load/load_report.hpp"

namespace sluice::bench {

/// Downloads over every connection, again and again, until the duration is over. A paced client takes its bytes in
/// pieces of a hundredth of a second, each of which has a time when it is due: its latency is by how much it came late,
/// so that a server that keeps up shows next to nothing and one that stalls shows the stall. Of an unpaced client the
/// latency is that of the first byte of each download.
void run_streams(const load_options& options, load_clock::time_point start, load_report& report);

}  // namespace sluice::bench
