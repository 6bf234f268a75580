// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/sandbox/child.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace sluice::actors::verification::sandbox {
namespace {

using persistence::unique_fd;

bool open_pipe(unique_fd& read_end, unique_fd& write_end) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return false;
  read_end.reset(ends[0]);
  write_end.reset(ends[1]);
  return ::fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
}

bool write_all(int to, std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const auto put = ::write(to, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR)
      continue;
    if (put <= 0)
      return false;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

/// Descriptor i becomes `wanted[i]`, or /dev/null; everything else is closed.
void place_descriptors(const std::array<int, 5>& wanted, int nowhere) noexcept {
  constexpr int aside = 64;  // beyond all targets, so that none is overwritten before it is copied
  std::array<int, 5> copies{};
  for (std::size_t i = 0; i < wanted.size(); ++i)
    copies[i] = ::fcntl(wanted[i] >= 0 ? wanted[i] : nowhere, F_DUPFD, aside);
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (copies[i] < 0 || ::dup2(copies[i], static_cast<int>(i)) < 0)
      ::_exit(not_confined);
  if (::close_range(static_cast<unsigned>(wanted.size()), ~0U, 0) != 0)
    ::_exit(not_confined);
}

/// As a new program finds them.
void reset_signals() noexcept {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void run(const built_in& function, std::string_view input) noexcept {
  try {
    const auto report = function.run(image_descriptor, input);
    ::_exit(write_all(STDOUT_FILENO, report) ? 0 : fault_thrown);
  } catch (const std::bad_alloc&) {
    ::_exit(out_of_memory);
  } catch (...) {
    ::_exit(fault_thrown);
  }
}

[[noreturn]] void execute(const std::vector<std::string>& command) noexcept {
  std::vector<char*> arguments;
  for (const auto& word : command)
    arguments.push_back(const_cast<char*>(word.c_str()));  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  arguments.push_back(nullptr);
  char path[] = "PATH=/usr/bin:/bin", language[] = "LC_ALL=C.UTF-8";
  char* const environment[] = {path, language, nullptr};
  ::execve(arguments.front(), arguments.data(), environment);
  ::_exit(127);
}

}  // namespace

std::optional<child_pipes> child_pipes::open(bool for_program, std::string_view input) {
  child_pipes pipes;
  if (!open_pipe(pipes.report_read, pipes.report_write))
    return std::nullopt;
  if (!for_program)
    return pipes;
  pipes.input.reset(::memfd_create("input", MFD_CLOEXEC));
  if (!open_pipe(pipes.complaint_read, pipes.complaint_write) || !pipes.input || !write_all(pipes.input.get(), input) ||
      ::lseek(pipes.input.get(), 0, SEEK_SET) != 0)
    return std::nullopt;
  return pipes;
}

void become_child(const sandbox_job& job, const built_in* function, const child_pipes& pipes, int nowhere,
                  const confinement& how) noexcept {
  ::setsid();
  reset_signals();
  // A sanitizer's finding goes where the service's own errors go; all else that a child might say there goes nowhere.
  const int complaints = pipes.complaint_write ? pipes.complaint_write.get() : under_sanitizers ? STDERR_FILENO : -1;
  place_descriptors({pipes.input.get(), pipes.report_write.get(), complaints, job.image.get(), job.output.get()},
                    nowhere);
  if (function != nullptr) {
    how.confine_built_in(job.limits);
    run(*function, job.input);
  }
  // Where who looked at it before has left off is no business of this one's.
  ::lseek(image_descriptor, 0, SEEK_SET);
  how.confine_program(job);
  execute(job.command);
}

}  // namespace sluice::actors::verification::sandbox
