// SPDX-License-Identifier: Apache-2.0
#include "actors/pipeline/thread_class.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

namespace sluice::actors {

void name_this_thread(const std::string& name) noexcept {
  char text[16] = {};
  name.copy(text, sizeof text - 1);
  pthread_setname_np(pthread_self(), text);
}

void lower_this_thread_to_idle() noexcept {
  const sched_param none{};
  static_cast<void>(sched_setscheduler(0, SCHED_IDLE, &none));
}

void lower_this_thread_by(int niceness) noexcept {
  // On Linux niceness belongs to the thread: PRIO_PROCESS takes a thread id (setpriority(2)).
  const auto thread = static_cast<id_t>(gettid());
  static_cast<void>(setpriority(PRIO_PROCESS, thread, getpriority(PRIO_PROCESS, thread) + niceness));
}

std::chrono::nanoseconds processor_time(pthread_t thread) noexcept {
  clockid_t clock{};
  timespec had{};
  if (pthread_getcpuclockid(thread, &clock) != 0 || clock_gettime(clock, &had) != 0)
    return {};
  return std::chrono::seconds{had.tv_sec} + std::chrono::nanoseconds{had.tv_nsec};
}

}  // namespace sluice::actors
