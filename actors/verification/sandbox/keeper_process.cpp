// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/sandbox/keeper_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

#include "actors/verification/sandbox/keeper.hpp"

namespace sluice::actors::verification::sandbox {
namespace {

/// posix_spawn's two objects, and what they are to say.
class spawn_plan {
 public:
  explicit spawn_plan(int socket) {
    ::posix_spawn_file_actions_init(&files_);
    ::posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&files_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_adddup2(&files_, socket, keeper_descriptor);
    ::posix_spawnattr_init(&attributes_);
    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    // A group of its own: what a terminal sends to the service is the service's to pass on.
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~spawn_plan() {
    ::posix_spawn_file_actions_destroy(&files_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  spawn_plan(const spawn_plan&) = delete;
  spawn_plan& operator=(const spawn_plan&) = delete;

  /// An errno value; 0 when it runs.
  int carry_out(const std::string& program, pid_t& process) {
    std::string name{"sluiced"}, argument{keeper_argument};
    char* const arguments[] = {name.data(), argument.data(), nullptr};
    char* const environment[] = {nullptr};
    return ::posix_spawn(&process, program.c_str(), &files_, &attributes_, arguments, environment);
  }

 private:
  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

schemas::result<keeper_process> keeper_process::start(const std::string& program) {
  int ends[2] = {-1, -1};
  int error = 0;
  keeper_process made;
  persistence::unique_fd theirs;
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    error = errno;
  } else {
    made.socket.reset(ends[0]);
    theirs.reset(ends[1]);
    error = spawn_plan{theirs.get()}.carry_out(program, made.process);
  }
  if (error != 0)
    return schemas::refuse(schemas::error_code::internal_error, std::generic_category().message(error));
  return made;
}

void keeper_process::end(pid_t process, std::chrono::milliseconds patience) noexcept {
  if (process <= 0)
    return;
  const persistence::unique_fd watched{static_cast<int>(::syscall(SYS_pidfd_open, process, 0))};
  pollfd ended{watched.get(), POLLIN, 0};
  if (!watched || ::poll(&ended, 1, static_cast<int>(patience.count())) <= 0)
    ::kill(process, SIGKILL);
  while (::waitpid(process, nullptr, 0) < 0 && errno == EINTR)
    continue;
}

}  // namespace sluice::actors::verification::sandbox
