// SPDX-License-Identifier: Apache-2.0
#include "actors/bandwidth/thread_times.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <string>
#include <system_error>

namespace sluice::actors {

thread_watch::thread_watch(pid_t thread)
    : schedstat_{::open(("/proc/self/task/" + std::to_string(thread) + "/schedstat").c_str(), O_RDONLY | O_CLOEXEC)} {}

std::optional<thread_times> thread_watch::times() const noexcept {
  std::array<char, 96> text;  // two numbers and a third, one line
  const auto got = schedstat_ ? ::pread(schedstat_.get(), text.data(), text.size(), 0) : -1;
  if (got <= 0)
    return {};
  const auto* const end = text.data() + got;
  thread_times read;
  const auto first = std::from_chars(text.data(), end, read.running);
  if (first.ec != std::errc{} || first.ptr == end)
    return {};
  if (std::from_chars(first.ptr + 1, end, read.waiting).ec != std::errc{})
    return {};
  return read;
}

}  // namespace sluice::actors
