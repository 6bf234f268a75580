// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>
#include <span>
#include <system_error>

#include "bench/load/options.hpp"

namespace sluice::bench {

/// Waits for descriptors and for points in time, to the microsecond (epoll_pwait2).
class waiting {
 public:
  waiting() : epoll_{epoll_create1(EPOLL_CLOEXEC)} {
    if (epoll_ < 0)
      throw std::system_error{errno, std::generic_category(), "epoll_create1"};
  }
  ~waiting() { ::close(epoll_); }
  waiting(const waiting&) = delete;
  waiting& operator=(const waiting&) = delete;

  /// Watches a new descriptor, or changes for what: `index` comes back with its events.
  void watch(int descriptor, std::uint32_t index, std::uint32_t events, bool is_new) {
    epoll_event event{};
    event.events = events;
    event.data.u32 = index;
    epoll_ctl(epoll_, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, descriptor, &event);
  }

  /// What is ready before `until`; empty when it is nothing.
  [[nodiscard]] std::span<const epoll_event> wait(load_clock::time_point until) {
    const auto left = std::max<nanoseconds>(until - load_clock::now(), nanoseconds{0});
    const timespec time{static_cast<time_t>(left.count() / 1'000'000'000),
                        static_cast<long>(left.count() % 1'000'000'000)};
    const int count = epoll_pwait2(epoll_, events_.data(), static_cast<int>(events_.size()), &time, nullptr);
    return {events_.data(), static_cast<std::size_t>(std::max(count, 0))};
  }

 private:
  int epoll_;
  std::array<epoll_event, 256> events_{};
};

}  // namespace sluice::bench
