// SPDX-License-Identifier: Apache-2.0
#include <sched.h>
#include <sys/prctl.h>

#include <csignal>
#include <cstdio>

#include "bench/load/load_report.hpp"
#include "bench/load/options.hpp"
#include "bench/load/request_load.hpp"
#include "bench/load/stream_load.hpp"

using namespace sluice::bench;

namespace {

/// The client stands for another machine: what it waits for is the server, never a core. False where that is not
/// allowed.
bool become_real_time() {
  prctl(PR_SET_TIMERSLACK, 1);
  const sched_param priority{.sched_priority = 1};
  return sched_setscheduler(0, SCHED_RR, &priority) == 0;
}

}  // namespace

int main(int count, char** words) {
  const auto options = read_options(count, words);
  std::signal(SIGPIPE, SIG_IGN);
  const bool real_time = become_real_time();
  const auto start = load_clock::now();
  load_report report{options, start};
  if (options.mode == load_mode::streams)
    run_streams(options, start, report);
  else
    run_requests(options, start, report);
  std::puts(report.to_json(start + options.duration, real_time).c_str());
}
