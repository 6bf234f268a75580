// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/sandbox/system_calls.hpp"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <initializer_list>
#include <memory>
#include <type_traits>
#include <utility>

#include "actors/verification/sandbox/confinement.hpp"
#include "actors/verification/sandbox/sandbox_runner.hpp"
#include "persistence/unique_fd.hpp"

namespace sluice::actors::verification::sandbox {
namespace {

using rules_pointer = std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>, decltype(&seccomp_release)>;

/// Adds a rule for a call by name. A name that this architecture does not have needs none.
bool rule(scmp_filter_ctx rules, std::uint32_t action, const char* name,
          std::initializer_list<scmp_arg_cmp> conditions = {}) {
  const auto number = seccomp_syscall_resolve_name(name);
  if (number == __NR_SCMP_ERROR)
    return true;
  const auto outcome = seccomp_rule_add_array(rules, action, number, static_cast<unsigned>(conditions.size()),
                                              conditions.size() == 0 ? nullptr : conditions.begin());
  // EACCES: the rule says what the default says.
  return outcome == 0 || outcome == -EACCES;
}

scmp_arg_cmp equals(unsigned argument, std::uint64_t value) {
  return {argument, SCMP_CMP_EQ, value, 0};
}
scmp_arg_cmp without(unsigned argument, std::uint64_t bits) {
  return {argument, SCMP_CMP_MASKED_EQ, bits, 0};
}
scmp_arg_cmp with(unsigned argument, std::uint64_t bit) {
  return {argument, SCMP_CMP_MASKED_EQ, bit, bit};
}

constexpr std::array memory_and_end{"munmap",     "mremap",       "brk",   "madvise", "clock_gettime",  "gettimeofday",
                                    "exit_group", "rt_sigreturn", "futex", "exit",    "restart_syscall"};
/// What the sanitizers' runtime calls beside; builds with them are for tests alone. Through a pipe of its own it asks
/// whether memory can be read.
constexpr std::array sanitizers_want{"sigaltstack", "rt_sigprocmask", "rt_sigaction", "getpid",   "gettid", "prctl",
                                     "sched_yield", "mprotect",       "tgkill",       "readlink", "mmap",   "write",
                                     "getrandom",   "membarrier",     "pipe",         "pipe2",    "close"};

constexpr std::array forbidden_to_programs{
    // The network, other processes, keys
    "socket", "connect", "bind", "listen", "accept", "accept4", "ptrace", "process_vm_readv", "process_vm_writev",
    "process_madvise", "kcmp", "pidfd_getfd", "add_key", "request_key", "keyctl",
    // Ways around the file system's and the scheduler's rules
    "open_by_handle_at", "name_to_handle_at", "mknod", "mknodat", "io_uring_setup", "io_uring_enter",
    "io_uring_register", "fanotify_init", "quotactl", "quotactl_fd", "sched_setscheduler", "sched_setattr",
    "sched_setparam", "setpriority", "ioprio_set", "setsid", "setpgid", "migrate_pages", "move_pages",
    // The machine
    "mount", "umount", "umount2", "move_mount", "fsopen", "fsmount", "fspick", "fsconfig", "open_tree", "mount_setattr",
    "pivot_root", "chroot", "setns", "unshare", "bpf", "perf_event_open", "userfaultfd", "kexec_load",
    "kexec_file_load", "init_module", "finit_module", "delete_module", "reboot", "swapon", "swapoff", "acct", "syslog",
    "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "stime", "sethostname", "setdomainname", "iopl",
    "ioperm", "lookup_dcookie", "vhangup", "nfsservctl", "personality", "shmget", "shmat", "semget", "msgget",
    "mq_open"};

constexpr std::uint64_t namespace_flags =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

}  // namespace

/// The rules as the kernel takes them; nothing when libseccomp cannot say them.
std::optional<system_call_filter> compiled(void* rules) {
  const persistence::unique_fd file{::memfd_create("filter", MFD_CLOEXEC)};
  if (!file || seccomp_export_bpf(rules, file.get()) != 0)
    return std::nullopt;
  const auto bytes = ::lseek(file.get(), 0, SEEK_END);
  if (bytes <= 0)
    return std::nullopt;
  std::vector<sock_filter> program(static_cast<std::size_t>(bytes) / sizeof(sock_filter));
  if (::pread(file.get(), program.data(), static_cast<std::size_t>(bytes), 0) != bytes)
    return std::nullopt;
  return system_call_filter{std::move(program)};
}

std::optional<system_call_filter> system_call_filter::for_built_ins() {
  // Under sanitizers a forbidden call fails instead of killing, so that a finding can still be reported.
  const rules_pointer owner{seccomp_init(under_sanitizers ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS),
                            &seccomp_release};
  auto* const rules = owner.get();
  if (rules == nullptr || seccomp_attr_set(rules, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0)
    return std::nullopt;
  bool sound = true;
  for (const char* const name : {"read", "pread64", "lseek", "fstat"})
    sound = sound && rule(rules, SCMP_ACT_ALLOW, name, {equals(0, image_descriptor)});
  // How the C library asks for the size of an open file on some architectures.
  sound = sound && rule(rules, SCMP_ACT_ALLOW, "newfstatat", {equals(0, image_descriptor), equals(3, AT_EMPTY_PATH)});
  sound = sound && rule(rules, SCMP_ACT_ALLOW, "write", {equals(0, STDOUT_FILENO)});
  sound = sound && rule(rules, SCMP_ACT_ALLOW, "mmap", {without(2, PROT_EXEC), with(3, MAP_ANONYMOUS)});
  for (const char* const name : memory_and_end)
    sound = sound && rule(rules, SCMP_ACT_ALLOW, name);
  if constexpr (under_sanitizers)
    for (const char* const name : sanitizers_want)
      sound = sound && rule(rules, SCMP_ACT_ALLOW, name);
  return sound ? compiled(rules) : std::nullopt;
}

std::optional<system_call_filter> system_call_filter::for_programs() {
  const rules_pointer owner{seccomp_init(SCMP_ACT_ALLOW), &seccomp_release};
  auto* const rules = owner.get();
  if (rules == nullptr || seccomp_attr_set(rules, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0)
    return std::nullopt;
  bool sound = true;
  for (const char* const name : forbidden_to_programs)
    sound = sound && rule(rules, SCMP_ACT_ERRNO(EPERM), name);
  for (std::uint64_t flag = 1; flag <= namespace_flags; flag <<= 1)
    if ((namespace_flags & flag) != 0)
      sound = sound && rule(rules, SCMP_ACT_ERRNO(EPERM), "clone", {with(0, flag)});
  // Its flags lie in memory, where a filter cannot look; the C library falls back to clone.
  sound = sound && rule(rules, SCMP_ACT_ERRNO(ENOSYS), "clone3");
  sound = sound && rule(rules, SCMP_ACT_ERRNO(EPERM), "ioctl", {equals(1, TIOCSTI)});
  return sound ? compiled(rules) : std::nullopt;
}

bool system_call_filter::lay_on() const noexcept {
  const sock_fprog program{static_cast<unsigned short>(program_.size()),
                           const_cast<sock_filter*>(program_.data())};  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

}  // namespace sluice::actors::verification::sandbox
