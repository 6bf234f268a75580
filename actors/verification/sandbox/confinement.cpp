// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/sandbox/confinement.hpp"

#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "actors/verification/sandbox/file_rules.hpp"

namespace sluice::actors::verification::sandbox {
namespace {

constexpr uid_t nobody = 65534;
constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
/// What the allocator takes more than it gives.
constexpr std::uint64_t memory_slack = 32 * mebibyte;
/// Libraries and stacks of a program.
constexpr std::uint64_t program_address_space = 1024 * mebibyte;
constexpr rlim_t most_files_of_built_ins = 8, most_files_of_programs = 256;

/// What every program may read: the system's own folders, and the few files that loading one needs.
constexpr const char* system_paths[] = {"/usr",
                                        "/bin",
                                        "/sbin",
                                        "/lib",
                                        "/lib32",
                                        "/lib64",
                                        "/etc/ld.so.cache",
                                        "/etc/ld.so.preload",
                                        "/etc/alternatives",
                                        "/etc/localtime",
                                        "/dev/null",
                                        "/dev/zero",
                                        "/dev/urandom",
                                        "/dev/random"};

// ioprio_set(2), which has no header for C++.
constexpr int this_process = 1, idle_class = 3, class_shift = 13;

[[noreturn]] void give_up() noexcept {
  ::_exit(not_confined);
}

void limit(__rlimit_resource_t what, rlim_t value) noexcept {
  const rlimit both{value, value};
  if (::setrlimit(what, &both) != 0)
    give_up();
}

void limit_common(const sandbox_limits& limits) noexcept {
  const auto seconds = (limits.processor_time.count() + 999) / 1000;
  limit(RLIMIT_CPU, static_cast<rlim_t>(seconds < 1 ? 1 : seconds));
  limit(RLIMIT_FSIZE, limits.output_size);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_MEMLOCK, 0);
  limit(RLIMIT_MSGQUEUE, 0);
  limit(RLIMIT_SIGPENDING, 64);
}

void take_lowest_priority() noexcept {
  // Each is as low as the kernel has it; one that cannot be had makes the child no less confined.
  const sched_param none{};
  static_cast<void>(::sched_setscheduler(0, SCHED_IDLE, &none));
  static_cast<void>(::setpriority(PRIO_PROCESS, 0, 19));
  static_cast<void>(::syscall(SYS_ioprio_set, this_process, 0, idle_class << class_shift));
}

void drop_capabilities() noexcept {
  static_cast<void>(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capset, &header, none) != 0)
    give_up();
}

/// Root's children become nobody. In a user namespace there is nobody to become: there the keeper's user has no rights.
void drop_user() noexcept {
  if (::geteuid() != 0)
    return;
  if (::setgroups(0, nullptr) != 0 || ::setresgid(nobody, nobody, nobody) != 0 ||
      ::setresuid(nobody, nobody, nobody) != 0)
    return;  // a container without the right to: its root is as good as nobody
}

void die_with_keeper() noexcept {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
    give_up();
  // It may have died before that: then nobody holds the other end of the report.
  pollfd report{STDOUT_FILENO, 0, 0};
  if (::poll(&report, 1, 0) > 0 && (report.revents & POLLERR) != 0)
    give_up();
}

/// Size and writable part of this process in bytes (proc(5), statm).
void measure(std::uint64_t& address_space, std::uint64_t& writable) {
  std::ifstream statm{"/proc/self/statm"};
  std::uint64_t size = 0, resident = 0, shared = 0, text = 0, unused = 0, data = 0;
  statm >> size >> resident >> shared >> text >> unused >> data;
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  address_space = size * page;
  writable = data * page;
}

}  // namespace

confinement confinement::prepare() {
  confinement prepared;
  prepared.landlock_ = landlock_version();
  // Whether the kernel has filters at all is asked for without laying one on (prctl(2), EFAULT: yes).
  if (::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0) {
    prepared.built_ins_ = system_call_filter::for_built_ins();
    prepared.programs_ = system_call_filter::for_programs();
  }
  measure(prepared.own_address_space_, prepared.own_memory_);
  return prepared;
}

void confinement::confine_built_in(const sandbox_limits& limits) const noexcept {
  limit_common(limits);
  limit(RLIMIT_NOFILE, most_files_of_built_ins);
  if constexpr (!under_sanitizers) {
    limit(RLIMIT_DATA, own_memory_ + limits.memory + memory_slack);
    limit(RLIMIT_AS, own_address_space_ + limits.memory + 2 * memory_slack);
  }
  limit(RLIMIT_NPROC, 0);
  ::umask(0777);
  if (::chdir("/") != 0)
    give_up();
  take_lowest_priority();
  drop_user();
  drop_capabilities();
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    give_up();
  die_with_keeper();
  if (landlock_ > 0 && !lay_on(file_rules{}))
    give_up();
  if (built_ins_ && !built_ins_->lay_on())
    give_up();
}

void confinement::confine_program(const sandbox_job& job) const noexcept {
  file_rules rules;
  for (const auto* const path : system_paths)
    rules.readable.emplace_back(path);
  rules.readable.insert(rules.readable.end(), job.readable.begin(), job.readable.end());
  if (job.image)
    rules.readable_files.push_back(image_descriptor);
  if (job.output)
    rules.writable_files.push_back(output_descriptor);
  limit_common(job.limits);
  if constexpr (!under_sanitizers) {
    limit(RLIMIT_DATA, job.limits.memory + memory_slack);
    limit(RLIMIT_AS, job.limits.memory + program_address_space);
  }
  // Counted for the user as a whole where there is no user namespace, hence far above what one program may have.
  limit(RLIMIT_NPROC, 256 + rlim_t{job.limits.processes});
  ::umask(0077);
  if (::chdir("/") != 0)
    give_up();
  take_lowest_priority();
  drop_capabilities();
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    give_up();
  die_with_keeper();
  if (landlock_ > 0 && !lay_on(rules))
    give_up();
  limit(RLIMIT_NOFILE, most_files_of_programs);
  if (programs_ && !programs_->lay_on())
    give_up();
}

std::string confinement::summary() const {
  std::string words;
  if (built_ins_ && programs_)
    words += "seccomp ";
  if (landlock_ > 0)
    words += "landlock-" + std::to_string(landlock_) + ' ';
  return words += "rlimits";
}

}  // namespace sluice::actors::verification::sandbox
