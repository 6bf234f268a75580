// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/sandbox/process_sandbox.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <list>
#include <thread>

#include "actors/verification/sandbox/confinement.hpp"
#include "actors/verification/sandbox/file_rules.hpp"
#include "actors/verification/sandbox/walk_job.hpp"
#include "tests/actors/sandbox/running.hpp"

using namespace sluice;
using namespace sluice::actors::verification::sandbox;
using namespace std::chrono_literals;
using tests::job_of;
using tests::outcome_of;
using tests::pending_job;

namespace {

/// Processes whose parent is `parent`.
std::vector<pid_t> children_of(pid_t parent) {
  const auto id = std::to_string(parent);
  std::ifstream list{"/proc/" + id + "/task/" + id + "/children"};
  std::vector<pid_t> found;
  for (pid_t child = 0; list >> child;)
    found.push_back(child);
  return found;
}

/// Waits for something that another process does; what never comes ends the test.
template <class Condition>
void until(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + tests::patience;
  while (!condition()) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::yield();
  }
}

/// Returns when the process has ended (or was gone already).
void await_end(pid_t process) {
  const persistence::unique_fd watched{static_cast<int>(::syscall(SYS_pidfd_open, process, 0))};
  pollfd ended{watched.get(), POLLIN, 0};
  if (watched)
    REQUIRE(::poll(&ended, 1, 60'000) == 1);
}

}  // namespace

TEST_CASE("a function runs in a process of its own and reports") {
  process_sandbox sandbox{{}};
  const auto echoed = outcome_of(sandbox, job_of("echo", "hello"));
  CHECK(echoed.end == sandbox_end::finished);
  CHECK(echoed.status == 0);
  CHECK(echoed.report == "hello");
  CHECK(echoed.wall_time > 0ns);
  CHECK(outcome_of(sandbox, job_of("first bytes")).report == "the ");
  CHECK(sandbox.keeper_starts() == 1);
}

TEST_CASE("a function that nobody has is not started, and the next job runs") {
  process_sandbox sandbox{{}};
  CHECK(outcome_of(sandbox, job_of("no such function")).end == sandbox_end::not_started);
  CHECK(outcome_of(sandbox, job_of("echo", "a")).report == "a");
}

TEST_CASE("a child that crashes, throws or talks without end says so, and harms no other") {
  process_sandbox sandbox{{}};
  for (const auto* const function : {"crash", "abandon"}) {
    INFO(function);
    const auto crashed = outcome_of(sandbox, job_of(function));
    if (under_sanitizers)  // its runtime turns signals into an exit
      CHECK_FALSE((crashed.end == sandbox_end::finished && crashed.status == 0));
    else
      CHECK(crashed.end == sandbox_end::crashed);
  }
  const auto thrown = outcome_of(sandbox, job_of("throw something"));
  CHECK(thrown.end == sandbox_end::finished);
  CHECK(thrown.status == fault_thrown);
  const auto loud = outcome_of(sandbox, job_of("talk too much"));
  CHECK(loud.report_cut);
  CHECK(loud.report.size() == most_report);
  CHECK(outcome_of(sandbox, job_of("echo", "still here")).report == "still here");
  CHECK(sandbox.keeper_starts() == 1);
}

TEST_CASE("processor time and time by the clock are bounded, each by its own name") {
  process_sandbox sandbox{{}};
  auto spinning = job_of("spin");
  spinning.limits.processor_time = 1s;
  const auto spun = outcome_of(sandbox, std::move(spinning));
  CHECK(spun.end == sandbox_end::out_of_processor_time);
  CHECK(spun.processor_time >= 900ms);
  auto hanging = job_of("hang");
  hanging.limits.wall_time = 50ms;
  CHECK(outcome_of(sandbox, std::move(hanging)).end == sandbox_end::out_of_wall_time);
}

TEST_CASE("a child cannot take more memory than it may") {
  if (under_sanitizers)
    return;  // their runtime needs more address space than any limit
  process_sandbox sandbox{{}};
  auto eating = job_of("eat memory");
  eating.limits.memory = 64 << 20;
  const auto ate = outcome_of(sandbox, std::move(eating));
  CHECK(ate.end == sandbox_end::finished);
  CHECK(ate.status == out_of_memory);
  CHECK(ate.peak_memory < (256 << 20));
  auto mapping = job_of("eat mapped memory");
  mapping.limits.memory = 64 << 20;
  const auto mapped = outcome_of(sandbox, std::move(mapping));
  REQUIRE(mapped.end == sandbox_end::finished);
  CHECK(std::stoi(mapped.report) < 256);
}

TEST_CASE("a child can open, connect, execute, fork, signal and write nothing") {
  process_sandbox sandbox{{}};
  for (const auto* const function :
       {"open a file", "make a socket", "execute", "make a process", "signal another", "write elsewhere", "map code"}) {
    INFO(function);
    const auto tried = outcome_of(sandbox, job_of(function, "/etc/passwd"));
    if (under_sanitizers) {
      if (tried.end == sandbox_end::finished && std::string{function} != "map code")
        CHECK(tried.report != "done");
    } else {
      CHECK(tried.end == sandbox_end::crashed);
      CHECK(tried.status == SIGSYS);
    }
  }
}

TEST_CASE("cancelling ends a job at once, whether it runs or waits") {
  sandbox_options one;
  one.most_running = 1;
  process_sandbox sandbox{one};
  pending_job running{sandbox, job_of("hang")};
  pending_job waiting{sandbox, job_of("hang")};
  sandbox.cancel(waiting.ticket());
  CHECK(waiting.outcome().end == sandbox_end::cancelled);
  CHECK_FALSE(running.has_ended());
  sandbox.cancel(running.ticket());
  CHECK(running.outcome().end == sandbox_end::cancelled);
  sandbox.cancel(running.ticket());
  CHECK(outcome_of(sandbox, job_of("echo", "next")).report == "next");
}

TEST_CASE("no more children run at once than may, and all get their turn") {
  sandbox_options two;
  two.most_running = 2;
  process_sandbox sandbox{two};
  std::list<pending_job> all;
  all.emplace_back(sandbox, job_of("hang"));
  all.emplace_back(sandbox, job_of("hang"));
  for (int i = 0; i < 20; ++i)
    all.emplace_back(sandbox, job_of("echo", std::to_string(i)));
  until([&] { return sandbox.keeper_process() != 0 && children_of(sandbox.keeper_process()).size() == 2; });
  CHECK_FALSE(std::next(all.begin(), 2)->has_ended());
  sandbox.cancel(all.front().ticket());
  for (int i = 0; i < 20; ++i)
    CHECK(std::next(all.begin(), 2 + i)->outcome().report == std::to_string(i));
  sandbox.cancel(std::next(all.begin())->ticket());
}

TEST_CASE("more jobs than may wait end at once") {
  sandbox_options few;
  few.most_running = 1;
  few.most_waiting = 2;
  process_sandbox sandbox{few};
  pending_job running{sandbox, job_of("hang")}, waiting{sandbox, job_of("hang")};
  CHECK(outcome_of(sandbox, job_of("echo")).end == sandbox_end::not_started);
}

TEST_CASE("when the keeper is killed its job is run again by the next keeper, once") {
  process_sandbox sandbox{{}};
  pending_job running{sandbox, job_of("hang")};
  const auto kill_keeper = [&](std::uint64_t starts) {
    until([&] { return sandbox.keeper_starts() == starts && sandbox.keeper_process() != 0; });
    const auto keeper = sandbox.keeper_process();
    until([&] { return children_of(keeper).size() == 1; });
    const auto child = children_of(keeper).front();
    REQUIRE(::kill(keeper, SIGKILL) == 0);
    await_end(child);  // dies with its keeper
  };
  kill_keeper(1);
  CHECK_FALSE(running.has_ended());
  kill_keeper(2);
  CHECK(running.outcome().end == sandbox_end::lost);
  CHECK(outcome_of(sandbox, job_of("echo", "the next")).report == "the next");
  CHECK(sandbox.keeper_starts() == 3);
}

TEST_CASE("a keeper that cannot be started fails what waits for it") {
  sandbox_options broken;
  broken.program = "/nowhere/sluiced";
  process_sandbox sandbox{broken};
  CHECK(outcome_of(sandbox, job_of("echo")).end == sandbox_end::not_started);
}

TEST_CASE("a keeper that is another program fails what waits for it") {
  sandbox_options wrong;
  wrong.program = "/bin/false";
  process_sandbox sandbox{wrong};
  const auto ended = outcome_of(sandbox, job_of("echo")).end;
  CHECK((ended == sandbox_end::not_started || ended == sandbox_end::lost));
}

TEST_CASE("when the sandbox ends, so do its keeper and its children") {
  pid_t keeper = 0, child = 0;
  std::optional<pending_job> running;
  {
    process_sandbox sandbox{{}};
    running.emplace(sandbox, job_of("hang"));
    until([&] { return (keeper = sandbox.keeper_process()) != 0 && !children_of(keeper).empty(); });
    child = children_of(keeper).front();
  }
  CHECK(running->outcome().end == sandbox_end::not_started);
  await_end(child);
  CHECK(::kill(keeper, 0) != 0);
}

TEST_CASE("a program gets the image, its input and nothing else, and cannot open a socket or write elsewhere") {
  process_sandbox sandbox{{}};
  sandbox_job job;
  job.image = tests::file_of("the bytes of an image");
  job.command = {"/bin/sh", "-c",
                 "cat; head -c 3 <&3; echo; ls /root >/dev/null 2>&1 || echo no root; (echo x > /tmp/sandbox-test) "
                 "2>/dev/null || echo no writing; [ -e /proc/self/fd/5 ] && echo more files; echo complained >&2"};
  job.input = "input\n";
  job.limits.processes = 8;
  const auto outcome = outcome_of(sandbox, std::move(job));
  CHECK(outcome.end == sandbox_end::finished);
  if (landlock_version() > 0)
    CHECK(outcome.report == "input\nthe\nno root\nno writing\n");
  CHECK(outcome.complaint == "complained\n");
}

TEST_CASE("what a program leaves running ends with it") {
  process_sandbox sandbox{{}};
  sandbox_job job;
  job.command = {"/bin/sh", "-c", "sleep 3600 >/dev/null 2>&1 & echo started"};
  job.limits.processes = 8;
  const auto outcome = outcome_of(sandbox, std::move(job));
  CHECK(outcome.report == "started\n");
  CHECK(outcome_of(sandbox, job_of("echo", "x")).report == "x");
  CHECK(children_of(sandbox.keeper_process()).empty());
}
