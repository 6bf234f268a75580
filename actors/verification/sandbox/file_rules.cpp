// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/sandbox/file_rules.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "persistence/unique_fd.hpp"

namespace sluice::actors::verification::sandbox {
namespace {

// The C library has neither the calls nor, in Debian 12, what came after version 2; from linux/landlock.h.
constexpr std::uint64_t execute = 1ULL << 0, write_file = 1ULL << 1, read_file = 1ULL << 2, read_folder = 1ULL << 3,
                        truncate_file = 1ULL << 14;
constexpr std::uint64_t first_version_rights = (1ULL << 13) - 1;
constexpr std::uint64_t refer_right = 1ULL << 13, device_control_right = 1ULL << 15;
constexpr std::uint64_t network_rights = 3, scopes = 3;
constexpr unsigned ask_version = 1;
constexpr int rule_below_path = 1;

struct ruleset {
  std::uint64_t file_rights = 0;
  std::uint64_t network_rights = 0;  ///< from version 4 on
  std::uint64_t scoped = 0;          ///< from version 6 on
};

struct [[gnu::packed]] rule_below {
  std::uint64_t allowed = 0;
  std::int32_t descriptor = -1;
};

ruleset rights_of(int version) noexcept {
  ruleset all;
  all.file_rights = first_version_rights;
  if (version >= 2)
    all.file_rights |= refer_right;
  if (version >= 3)
    all.file_rights |= truncate_file;
  if (version >= 4)
    all.network_rights = network_rights;
  if (version >= 5)
    all.file_rights |= device_control_right;
  if (version >= 6)
    all.scoped = scopes;
  return all;
}

std::size_t length_in(int version) noexcept {
  return version >= 6 ? sizeof(ruleset) : version >= 4 ? 2 * sizeof(std::uint64_t) : sizeof(std::uint64_t);
}

bool allow(int rules, int descriptor, std::uint64_t rights) noexcept {
  rule_below below;
  below.allowed = rights;
  below.descriptor = descriptor;
  // EBADFD: what lies on no filesystem that could be mounted (a memory file) is never refused, and has no rule.
  return ::syscall(SYS_landlock_add_rule, rules, rule_below_path, &below, 0) == 0 || errno == EBADFD;
}

}  // namespace

int landlock_version() noexcept {
  const auto version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, ask_version);
  return version < 0 ? 0 : static_cast<int>(version);
}

bool lay_on(const file_rules& rules) noexcept {
  const auto version = landlock_version();
  const auto all = rights_of(version);
  const persistence::unique_fd made{
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &all, length_in(version), 0))};
  if (!made)
    return false;
  for (const auto& path : rules.readable) {
    const persistence::unique_fd there{::open(path.c_str(), O_PATH | O_CLOEXEC)};
    struct stat facts {};
    if (!there || ::fstat(there.get(), &facts) != 0)
      continue;
    // What is written to /dev/null and its like goes nowhere.
    const auto rights =
        execute | read_file | (S_ISDIR(facts.st_mode) ? read_folder : 0) | (S_ISCHR(facts.st_mode) ? write_file : 0);
    if (!allow(made.get(), there.get(), rights))
      return false;
  }
  for (const auto file : rules.readable_files)
    if (!allow(made.get(), file, read_file))
      return false;
  for (const auto file : rules.writable_files)
    if (!allow(made.get(), file, (read_file | write_file | truncate_file) & all.file_rights))
      return false;
  return ::syscall(SYS_landlock_restrict_self, made.get(), 0) == 0;
}

}  // namespace sluice::actors::verification::sandbox
