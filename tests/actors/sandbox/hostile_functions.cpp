// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/sandbox/hostile_functions.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include "actors/verification/sandbox/walk_job.hpp"

namespace sluice::tests {
namespace {

using std::string;
using std::string_view;

string echo(int, string_view input) {
  return string{input};
}
string first_bytes(int image, string_view) {
  char bytes[4] = {};
  return ::pread(image, bytes, sizeof bytes, 0) == sizeof bytes ? string{bytes, sizeof bytes} : "unreadable";
}
string crash(int, string_view) {
  ::raise(SIGSEGV);
  auto* volatile nowhere = static_cast<volatile int*>(nullptr);
  *nowhere = 1;
  return {};
}
string abandon(int, string_view) {
  std::abort();
}
string spin(int, string_view) {
  while (true)
    asm volatile("" ::: "memory");
}
/// Waits without using the processor.
string hang(int image, string_view) {
  const timespec long_time{3600, 0};
  static_cast<void>(image);
  while (true) {
    int never = 0;
    ::syscall(SYS_futex, &never, 0 /* FUTEX_WAIT */, 0, &long_time, nullptr, 0);
  }
}
string eat_memory(int, string_view) {
  std::vector<std::vector<char>> eaten;
  while (true)
    eaten.emplace_back(1 << 20, 'x');
}
string eat_mapped_memory(int, string_view) {
  for (int pieces = 0;; ++pieces)
    if (::mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0) ==
        MAP_FAILED)
      return std::to_string(pieces);
}
string talk_too_much(int, string_view) {
  return string(std::size_t{1} << 20, 'x');
}
string throw_something(int, string_view) {
  throw 42;
}

template <class Call>
string said(Call call) {
  errno = 0;
  const auto outcome = call();
  return outcome < 0 ? "errno " + std::to_string(errno) : "done";
}
string open_a_file(int, string_view path) {
  return said([&] { return ::open(string{path}.c_str(), O_RDONLY); });
}
string make_a_socket(int, string_view) {
  return said([] { return ::socket(AF_INET, SOCK_STREAM, 0); });
}
string execute(int, string_view) {
  char name[] = "/bin/true";
  char* const arguments[] = {name, nullptr};
  return said([&] { return ::execve(name, arguments, nullptr); });
}
string make_a_process(int, string_view) {
  return said([] { return ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr); });
}
string signal_another(int, string_view) {
  return said([] { return ::kill(1, 0); });
}
string write_elsewhere(int image, string_view) {
  return said([&] { return ::write(image, "x", 1); });
}
string map_code(int, string_view) {
  return said([] {
    return ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
               ? -1
               : 0;
  });
}

constexpr std::array functions{
    actors::verification::sandbox::built_in{actors::verification::sandbox::walk_function,
                                            actors::verification::sandbox::walk_image,
                                            actors::verification::sandbox::prepare_walks},
    actors::verification::sandbox::built_in{"echo", echo},
    actors::verification::sandbox::built_in{"first bytes", first_bytes},
    actors::verification::sandbox::built_in{"crash", crash},
    actors::verification::sandbox::built_in{"abandon", abandon},
    actors::verification::sandbox::built_in{"spin", spin},
    actors::verification::sandbox::built_in{"hang", hang},
    actors::verification::sandbox::built_in{"eat memory", eat_memory},
    actors::verification::sandbox::built_in{"eat mapped memory", eat_mapped_memory},
    actors::verification::sandbox::built_in{"talk too much", talk_too_much},
    actors::verification::sandbox::built_in{"throw something", throw_something},
    actors::verification::sandbox::built_in{"open a file", open_a_file},
    actors::verification::sandbox::built_in{"make a socket", make_a_socket},
    actors::verification::sandbox::built_in{"execute", execute},
    actors::verification::sandbox::built_in{"make a process", make_a_process},
    actors::verification::sandbox::built_in{"signal another", signal_another},
    actors::verification::sandbox::built_in{"write elsewhere", write_elsewhere},
    actors::verification::sandbox::built_in{"map code", map_code},
};

}  // namespace

std::span<const actors::verification::sandbox::built_in> hostile_functions() noexcept {
  return functions;
}

}  // namespace sluice::tests
