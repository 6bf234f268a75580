// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pthread.h>

#include <chrono>
#include <string>

/// Puts the calling thread below those that serve images. A kernel that refuses is no fault: the thread then
/// runs as any other, and the bounds on work in flight still hold.
namespace sluice::actors {

/// Shown by ps and gdb; the kernel keeps 15 characters.
void name_this_thread(const std::string& name) noexcept;
/// SCHED_IDLE: runs only when a core has nothing else to do (sched(7)).
void lower_this_thread_to_idle() noexcept;
inline constexpr int lowest_niceness = 19;
/// Adds to the thread's niceness, 0 … 19.
void lower_this_thread_by(int niceness) noexcept;

/// Processor time that a living thread has had; zero when the kernel does not say.
[[nodiscard]] std::chrono::nanoseconds processor_time(pthread_t thread) noexcept;

}  // namespace sluice::actors
