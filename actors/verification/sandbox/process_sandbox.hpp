// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "actors/verification/sandbox/keeper_messages.hpp"
#include "actors/verification/sandbox/sandbox_runner.hpp"
#include "persistence/unique_fd.hpp"

namespace sluice::actors::verification::sandbox {

struct sandbox_options {
  /// What is executed, with the argument "sandbox-keeper", to be the keeper: this program itself.
  std::string program = "/proc/self/exe";
  unsigned most_running = 2;        ///< children at once; the other jobs wait in turn
  std::size_t most_waiting = 4096;  ///< one more ends at once as `not_started`
};

/// The sandbox itself: a thread that gives jobs to the keeper and hands their outcomes back. It starts the keeper, and
/// starts it again when it dies: what ran then is tried once more, what waits goes on. A keeper that does not answer
/// within a job's time is killed; one that cannot be started at all fails the jobs that wait for it.
class process_sandbox final : public sandbox_runner {
 public:
  explicit process_sandbox(sandbox_options options);
  /// Ends the keeper and its children; what is left ends as `not_started`.
  ~process_sandbox() override;

  sandbox_ticket run(sandbox_job job, std::function<void(sandbox_outcome)> on_end) override;
  void cancel(sandbox_ticket ticket) override;

  /// How often a keeper was started: more than once means that one died.
  [[nodiscard]] std::uint64_t keeper_starts() const noexcept { return keeper_starts_.load(std::memory_order_relaxed); }
  /// The keeper's process; 0 while there is none.
  [[nodiscard]] pid_t keeper_process() const noexcept { return shown_keeper_.load(std::memory_order_relaxed); }

 private:
  using clock = std::chrono::steady_clock;
  struct entry {
    sandbox_job job;
    std::function<void(sandbox_outcome)> on_end;
    bool sent = false;
    bool cancelled = false;
    unsigned losses = 0;  ///< keepers that died with it
    clock::time_point sent_at{};
  };
  struct order {
    sandbox_ticket ticket = 0;
    entry fresh;
    bool cancels = false;
  };

  void live();
  void take_orders();
  void give_jobs();
  void hear();
  void start_keeper();
  void lose_keeper(const char* why);
  void kill_silent_keeper();
  void cancel_now(sandbox_ticket ticket);
  void end(sandbox_ticket ticket, sandbox_outcome outcome);
  void end_all();
  void end_keeper();
  [[nodiscard]] int patience() const;
  [[nodiscard]] std::size_t running() const;

  const sandbox_options options_;
  std::atomic<std::uint64_t> keeper_starts_{0};
  std::atomic<pid_t> shown_keeper_{0};

  std::mutex mutex_;
  std::vector<order> orders_;       ///< guarded
  sandbox_ticket last_ticket_ = 0;  ///< guarded
  std::size_t accepted_ = 0;        ///< guarded: jobs that have not ended
  bool stopping_ = false;           ///< guarded
  persistence::unique_fd wake_;

  // Of the thread alone.
  persistence::unique_fd socket_;
  pid_t keeper_ = 0;
  unsigned failed_starts_ = 0;
  bool full_ = false;  ///< the socket takes no more for the moment
  clock::time_point next_start_{};
  std::map<sandbox_ticket, entry> entries_;
  std::deque<sandbox_ticket> waiting_;
  std::deque<std::string> words_;  ///< cancellations on their way
  std::thread thread_;             ///< last: it uses all of the above
};

}  // namespace sluice::actors::verification::sandbox
