// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "persistence/unique_fd.hpp"

/// Work on bytes that nobody trusts happens in child processes that can do nothing but that work. What such a process
/// may do is confinement.hpp, who makes them is keeper.hpp; this is what the rest of the service sees.
namespace sluice::actors::verification::sandbox {

/// Longest report of a child that is kept; what it says beyond is dropped and `report_cut` set.
inline constexpr std::size_t most_report = 64 << 10;
/// Longest `input` of a job.
inline constexpr std::size_t most_input = 48 << 10;
/// What is kept of a program's standard error.
inline constexpr std::size_t most_complaint = 4 << 10;

/// Where a child finds what it is given. Standard input holds the job's input, standard output is its report.
inline constexpr int image_descriptor = 3;
inline constexpr int output_descriptor = 4;

struct sandbox_limits {
  std::uint64_t memory = std::uint64_t{256} << 20;   ///< bytes of its own, beyond what an empty child has
  std::chrono::milliseconds processor_time{10'000};  ///< rounded up to whole seconds
  /// From its start to its end. Longer than `processor_time`: children run only when nobody else wants the processor,
  /// and how busy the machine is says nothing about the image.
  std::chrono::milliseconds wall_time{60'000};
  std::uint64_t output_size = 0;  ///< bytes of the longest file it may write
  unsigned processes = 1;         ///< at once, threads counted; more than 1 only for programs
};

/// One piece of work: either a function that is built in, or a program.
struct sandbox_job {
  std::string built_in;               ///< name of a function that the keeper has; empty for a program
  std::vector<std::string> command;   ///< absolute path of the program and its arguments; no shell
  std::string input;                  ///< the function's argument, or the program's standard input
  persistence::unique_fd image;       ///< the one file it sees, open for reading: descriptor 3
  persistence::unique_fd output;      ///< the one file it may write, if any: descriptor 4
  std::vector<std::string> readable;  ///< what a program may read and execute beside the system's own folders
  sandbox_limits limits;
};

enum class sandbox_end : std::uint8_t {
  finished,               ///< it ended by itself; `status` is its exit status
  crashed,                ///< a signal that nobody sent it; `status` is its number
  out_of_processor_time,  ///< used up `processor_time`
  out_of_wall_time,       ///< was still there after `wall_time`
  cancelled,              ///< as asked
  lost,                   ///< the keeper died with it, twice
  not_started,            ///< the sandbox could not make the child, or is ending
};

struct sandbox_outcome {
  sandbox_end end = sandbox_end::not_started;
  int status = 0;
  std::string report;  ///< written by a process that is not trusted
  bool report_cut = false;
  std::string complaint;  ///< a program's standard error, for the operator's log
  std::chrono::nanoseconds wall_time{};
  std::chrono::nanoseconds processor_time{};
  std::uint64_t peak_memory = 0;  ///< bytes resident
};

/// "ended with status 3", "was killed by signal 11", …: the rest of a sentence that begins with who.
[[nodiscard]] std::string describe(const sandbox_outcome& outcome);

using sandbox_ticket = std::uint64_t;

/// Runs jobs. Every job that is taken ends: `on_end` is called exactly once, from any thread, possibly before `run`
/// returns, and never by `cancel`'s caller while it holds a lock of its own.
class sandbox_runner {
 public:
  sandbox_runner() = default;
  sandbox_runner(const sandbox_runner&) = delete;
  sandbox_runner& operator=(const sandbox_runner&) = delete;
  virtual ~sandbox_runner() = default;

  virtual sandbox_ticket run(sandbox_job job, std::function<void(sandbox_outcome)> on_end) = 0;
  /// Kills the child, whole; the job then ends as `cancelled`. One that has ended is none to cancel.
  virtual void cancel(sandbox_ticket ticket) = 0;
};

}  // namespace sluice::actors::verification::sandbox
