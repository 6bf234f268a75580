// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/sandbox/namespaces.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <utility>

namespace sluice::actors::verification::sandbox {
namespace {

bool write_file(const char* path, std::string_view text) noexcept {
  const persistence::unique_fd file{::open(path, O_WRONLY | O_CLOEXEC)};
  return file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

/// Who is not root may do this in a user namespace, as the same user there.
bool enter_as_ordinary_user(int flags) noexcept {
  const auto user = std::to_string(::geteuid()), group = std::to_string(::getegid());
  if (::unshare(CLONE_NEWUSER | flags) != 0)
    return false;
  static_cast<void>(write_file("/proc/self/setgroups", "deny"));
  return write_file("/proc/self/uid_map", user + ' ' + user + " 1") &&
         write_file("/proc/self/gid_map", group + ' ' + group + " 1");
}

}  // namespace

namespaces namespaces::enter() noexcept {
  namespaces entered;
  constexpr int flags = CLONE_NEWNET | CLONE_NEWIPC;
  entered.own_network_ = ::unshare(flags) == 0 || enter_as_ordinary_user(flags);
  persistence::unique_fd here{::open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC)};
  // A trial: what unshare made is left again at once, unused.
  if (here && ::unshare(CLONE_NEWPID) == 0 && ::setns(here.get(), CLONE_NEWPID) == 0)
    entered.outer_processes_ = std::move(here);
  return entered;
}

pid_t namespaces::fork() const noexcept {
  if (!outer_processes_)
    return ::fork();
  if (::unshare(CLONE_NEWPID) != 0)
    return -1;
  const auto child = ::fork();
  if (child != 0 && ::setns(outer_processes_.get(), CLONE_NEWPID) != 0)
    ::_exit(1);  // no second child could be made; the service starts another keeper
  return child;
}

}  // namespace sluice::actors::verification::sandbox
