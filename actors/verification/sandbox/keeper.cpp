// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/sandbox/keeper.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "actors/verification/sandbox/child.hpp"
#include "actors/verification/sandbox/confinement.hpp"
#include "actors/verification/sandbox/keeper_messages.hpp"
#include "actors/verification/sandbox/namespaces.hpp"

namespace sluice::actors::verification::sandbox {
namespace {

using clock = std::chrono::steady_clock;
using persistence::unique_fd;

constexpr int lowest_niceness = 19;

/// One child, from its start until it is reaped.
struct kept_child {
  sandbox_ticket ticket = 0;
  unique_fd report, complaint;
  clock::time_point began, deadline;
  std::chrono::milliseconds processor_time{};
  std::optional<sandbox_end> killed_for;
  sandbox_outcome outcome;
};

class keeper {
 public:
  explicit keeper(std::span<const built_in> functions) : functions_{functions} {}
  int live();

 private:
  bool hear();
  bool obey(datagram message);
  [[nodiscard]] const built_in* function_of(const sandbox_job& job) const;
  void start(arrived_job arrived);
  void kill_child(pid_t child, sandbox_end why);
  void kill_overdue();
  void reap();
  void finish(pid_t child, int status, const rusage& used);
  void say_ended(sandbox_ticket ticket, const sandbox_outcome& outcome);
  [[nodiscard]] int patience() const;
  void end_all();

  std::span<const built_in> functions_;
  namespaces where_ = namespaces::enter();
  confinement how_ = confinement::prepare();
  unique_fd nowhere_{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  unique_fd deaths_;
  std::map<pid_t, kept_child> children_;
};

/// Reads what is there, though never so long that one who writes without end keeps the keeper from the others. What
/// goes beyond `most` is thrown away.
void drain(unique_fd& from, std::string& into, std::size_t most, bool& cut) {
  char bytes[16 << 10];
  constexpr int most_reads = 8;  // more than a pipe holds
  for (int reads = 0; from && reads < most_reads; ++reads) {
    const auto got = ::read(from.get(), bytes, sizeof bytes);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0 && errno == EAGAIN)
      return;
    if (got <= 0) {
      from.reset();
      return;
    }
    const auto kept = std::min(static_cast<std::size_t>(got), most - into.size());
    into.append(bytes, kept);
    cut = cut || kept < static_cast<std::size_t>(got);
  }
}

/// The kernel's limit and its account of the time differ by a little.
bool used_up(const sandbox_outcome& outcome, const kept_child& child) {
  return outcome.processor_time >= child.processor_time * 9 / 10;
}

void drain(kept_child& child) {
  bool cut = false;
  drain(child.report, child.outcome.report, most_report, child.outcome.report_cut);
  drain(child.complaint, child.outcome.complaint, most_complaint, cut);
}

int keeper::live() {
  sigset_t child_died;
  ::sigemptyset(&child_died);
  ::sigaddset(&child_died, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child_died, nullptr);
  deaths_ = unique_fd{::signalfd(-1, &child_died, SFD_NONBLOCK | SFD_CLOEXEC)};
  if (!deaths_ || !nowhere_)
    return 1;
  for (const auto& function : functions_)
    if (function.prepare != nullptr)
      function.prepare();
  const auto protections =
      how_.summary() + (where_.own_network() ? " network" : "") + (where_.own_processes() ? " processes" : "");
  if (send_datagram(keeper_descriptor, message_writer{keeper_word::ready}.text(protections).bytes(), {}, 0) !=
      transfer::done)
    return 1;
  while (true) {
    std::vector<pollfd> watched{{keeper_descriptor, POLLIN, 0}, {deaths_.get(), POLLIN, 0}};
    for (const auto& [id, child] : children_)
      for (const auto* const pipe : {&child.report, &child.complaint})
        if (*pipe)
          watched.push_back({pipe->get(), POLLIN, 0});
    if (::poll(watched.data(), watched.size(), patience()) < 0 && errno != EINTR)
      return 1;
    for (auto& [id, child] : children_)
      drain(child);
    if (watched[1].revents != 0)
      reap();
    kill_overdue();
    if (watched[0].revents != 0 && !hear()) {
      end_all();
      return 0;
    }
  }
}

/// Milliseconds until the next child is overdue.
int keeper::patience() const {
  constexpr std::chrono::milliseconds longest{60'000};
  auto left = longest;
  for (const auto& [id, child] : children_)
    if (!child.killed_for)
      left = std::min(left, std::chrono::ceil<std::chrono::milliseconds>(child.deadline - clock::now()));
  return static_cast<int>(std::max(left.count(), std::chrono::milliseconds::rep{0}));
}

bool keeper::hear() {
  datagram message;
  while (true) {
    switch (receive_datagram(keeper_descriptor, message)) {
      case transfer::later: return true;
      case transfer::over: return false;
      case transfer::done: break;
    }
    if (!obey(std::move(message)))
      return false;
    message = {};
  }
}

bool keeper::obey(datagram message) {
  message_reader from{message.bytes};
  const auto word = static_cast<keeper_word>(from.number());
  if (word == keeper_word::cancel) {
    const auto ticket = from.number();
    for (auto& [id, child] : children_)
      if (child.ticket == ticket)
        kill_child(id, sandbox_end::cancelled);
    return from.complete();
  }
  auto arrived = word == keeper_word::run ? decode_job(from, std::move(message.files)) : std::nullopt;
  if (!arrived)
    return false;
  start(std::move(*arrived));
  return true;
}

/// Null when the job is a program, or a function that nobody has.
const built_in* keeper::function_of(const sandbox_job& job) const {
  const auto found = std::ranges::find(functions_, job.built_in, &built_in::name);
  return !job.command.empty() || found == functions_.end() ? nullptr : &*found;
}

void keeper::start(arrived_job arrived) {
  kept_child child;
  child.ticket = arrived.ticket;
  child.began = clock::now();
  child.deadline = child.began + arrived.job.limits.wall_time;
  child.processor_time = arrived.job.limits.processor_time;
  auto pipes = child_pipes::open(!arrived.job.command.empty(), arrived.job.input);
  const auto* const function = function_of(arrived.job);
  const auto id = pipes && (function != nullptr || !arrived.job.command.empty()) ? where_.fork() : pid_t{-1};
  if (id == 0)
    become_child(arrived.job, function, *pipes, nowhere_.get(), how_);
  if (id < 0) {
    say_ended(child.ticket, child.outcome);
    return;
  }
  child.report = std::move(pipes->report_read);
  child.complaint = std::move(pipes->complaint_read);
  children_.emplace(id, std::move(child));
}

void keeper::kill_child(pid_t child, sandbox_end why) {
  auto& kept = children_.at(child);
  if (!kept.killed_for)
    kept.killed_for = why;
  ::kill(child, SIGKILL);
}

void keeper::kill_overdue() {
  const auto now = clock::now();
  for (auto& [id, child] : children_)
    if (!child.killed_for && now >= child.deadline)
      kill_child(id, sandbox_end::out_of_wall_time);
}

void keeper::reap() {
  signalfd_siginfo told{};
  while (::read(deaths_.get(), &told, sizeof told) == sizeof told)
    continue;
  // Looked at before it is buried: while its number is taken, nobody else can have it.
  siginfo_t dead{};
  while (::waitid(P_ALL, 0, &dead, WEXITED | WNOHANG | WNOWAIT) == 0 && dead.si_pid != 0) {
    const auto child = std::exchange(dead.si_pid, 0);
    // Where it had no space of processes of its own, what it started is still in its group.
    ::kill(-child, SIGKILL);
    int status = 0;
    rusage used{};
    if (::wait4(child, &status, 0, &used) == child)
      finish(child, status, used);
  }
}

void keeper::finish(pid_t id, int status, const rusage& used) {
  const auto found = children_.find(id);
  if (found == children_.end())
    return;
  auto child = std::move(found->second);
  children_.erase(found);
  drain(child);
  auto& outcome = child.outcome;
  const auto time_of = [](const timeval& time) {
    return std::chrono::seconds{time.tv_sec} + std::chrono::microseconds{time.tv_usec};
  };
  outcome.wall_time = clock::now() - child.began;
  outcome.processor_time = time_of(used.ru_utime) + time_of(used.ru_stime);
  outcome.peak_memory = static_cast<std::uint64_t>(used.ru_maxrss) << 10;
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
  if (WIFEXITED(status))
    outcome.end = outcome.status == not_confined ? sandbox_end::not_started : sandbox_end::finished;
  else if (child.killed_for)
    outcome.end = *child.killed_for;
  else if (outcome.status == SIGXCPU || (outcome.status == SIGKILL && used_up(outcome, child)))
    outcome.end = sandbox_end::out_of_processor_time;
  else
    outcome.end = sandbox_end::crashed;
  say_ended(child.ticket, outcome);
}

void keeper::say_ended(sandbox_ticket ticket, const sandbox_outcome& outcome) {
  // Waits for the service to read; when it is gone, `hear` learns it.
  static_cast<void>(send_datagram(keeper_descriptor, encode_outcome(ticket, outcome), {}, 0));
}

void keeper::end_all() {
  for (const auto& [id, child] : children_) {
    ::kill(id, SIGKILL);
    ::kill(-id, SIGKILL);
  }
  while (::wait(nullptr) > 0 || errno == EINTR)
    continue;
}

}  // namespace

bool is_keeper(int argc, char** argv) noexcept {
  return argc == 2 && argv[1] == keeper_argument;
}

int keep(std::span<const built_in> functions) {
  // Should the service be gone already, its end of the socket is closed, and that ends this process too.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
    return 1;
  // Below those that serve images, since starting a process takes a core for a fraction of a millisecond; what is
  // started goes lower still. One that the kernel refuses is no fault.
  static_cast<void>(::setpriority(PRIO_PROCESS, 0, lowest_niceness));
  ::prctl(PR_SET_NAME, "sluice-keeper", 0, 0, 0);
  ::close_range(keeper_descriptor + 1, ~0U, 0);
  return keeper{functions}.live();
}

}  // namespace sluice::actors::verification::sandbox
