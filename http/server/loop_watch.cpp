// SPDX-License-Identifier: Apache-2.0
#include "http/server/loop_watch.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "http/server/tcp_state.hpp"

namespace sluice::http {
namespace {

using namespace std::chrono_literals;

constexpr auto interval = 5ms;
constexpr auto idle_interval = 100ms;
constexpr unsigned looks_between_answers = 4;  ///< 20 ms: shorter says little about a transfer
constexpr std::size_t most_answers = 64;       ///< looked at in one go, in turn
constexpr auto between_trips = 2ms;
constexpr std::size_t most_trips = 16;      ///< that wait for an acknowledgement; the others go unheard
constexpr auto longest_wait = 100ms;        ///< a client may read slowly
constexpr std::uint64_t starving = 50'000;  ///< millionths of the time beyond what is usual: counts as short

struct thread_times {
  std::uint64_t running = 0, waiting = 0;  ///< nanoseconds
};

/// Two numbers and a third, one line.
bool read_times(int schedstat, thread_times& into) noexcept {
  std::array<char, 96> text;
  const auto got = ::pread(schedstat, text.data(), text.size(), 0);
  if (got <= 0)
    return false;
  const auto* const end = text.data() + got;
  const auto first = std::from_chars(text.data(), end, into.running);
  if (first.ec != std::errc{} || first.ptr == end)
    return false;
  return std::from_chars(first.ptr + 1, end, into.waiting).ec == std::errc{};
}

std::uint64_t nanoseconds(loop_watch::clock::duration time) noexcept {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, std::chrono::nanoseconds{time}.count()));
}

}  // namespace

void loop_watch::start(std::function<bool()> busy) {
  busy_ = std::move(busy);
  schedstat_ = persistence::unique_fd{::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC)};
  arm();
}

void loop_watch::stop() {
  stopped_ = true;
  timer_.cancel();
}

void loop_watch::arm() {
  due_ = clock::now() + (busy_() ? interval : idle_interval);
  timer_.expires_at(due_);
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled || stopped_)
      return;
    look();
    arm();
  });
}

void loop_watch::look() {
  const auto now = clock::now();
  look_at_own_thread(now, due_);
  look_at_trips(now);
  if (++looks_ % looks_between_answers == 0)
    look_at_answers(now);
  looked_at_ = now;
}

void loop_watch::look_at_own_thread(clock::time_point now, clock::time_point due) {
  thread_times times;
  if (!schedstat_ || !read_times(schedstat_.get(), times))
    return;
  const bool first = looked_at_ == clock::time_point{};
  const auto worked = times.running - std::exchange(cpu_before_, times.running);
  const auto waited = times.waiting - std::exchange(delay_before_, times.waiting);
  const auto passed = nanoseconds(now - looked_at_);
  // An idle loop's interval says nothing about load.
  if (first || passed > nanoseconds(10 * interval) || passed == 0)
    return;
  signals_.run_queue.add(waited * actors::serving_signals::look / passed);
  const auto late = nanoseconds(now - due);
  signals_.loop_lag.add(late - std::min(late, worked));
}

void loop_watch::look_at_answers(clock::time_point now) {
  for (auto left = std::min(answers_.size(), most_answers); left > 0; --left)
    answers_[next_answer_++ % answers_.size()]->look(now);
}

void loop_watch::heard_of(const tcp_state& state, recent_round_trip& recent, std::uint32_t least_segments,
                          clock::time_point now) {
  signals_.segment.store(state.segment_bytes, std::memory_order_relaxed);
  if (state.smallest_round_trip_microseconds == 0)
    return;
  const auto smallest = bases_.smallest_of(state.peer, state.smallest_round_trip_microseconds, now);
  const auto trip = recent.since_last(state.round_trip_microseconds, state.segments_delivered);
  if (!trip || trip->segments < least_segments)
    return;
  if (const auto least = least_.gather(trip->microseconds - std::min(trip->microseconds, smallest), trip->segments))
    signals_.round_trip.add(std::uint64_t{1000} * *least);
}

void loop_watch::look_at_trips(clock::time_point now) {
  std::erase_if(trips_, [now](trip_watch* one) { return one->look(now); });
}

trip_watch::~trip_watch() {
  if (std::erase(loop_.trips_, this) > 0)
    tell(1, loop_watch::clock::now());
}

void trip_watch::answered() {
  if (loop_.trips_.size() >= most_trips)
    return;
  const auto now = loop_watch::clock::now();
  tcp_state state;
  if (now - loop_.trip_at_ < between_trips ||
      std::find(loop_.trips_.begin(), loop_.trips_.end(), this) != loop_.trips_.end() || !look_at(socket_, state))
    return;
  recent_.since_last(state.round_trip_microseconds, state.segments_delivered);
  loop_.trip_at_ = answered_at_ = now;
  loop_.trips_.push_back(this);
}

void trip_watch::asked() {
  // Acknowledged with the request at the latest: how long the client took to have another wish is no round trip.
  if (std::erase(loop_.trips_, this) > 0)
    tell(least_round_trip::enough, loop_watch::clock::now());
}

bool trip_watch::look(loop_watch::clock::time_point now) {
  tcp_state state;
  if (!look_at(socket_, state))
    return true;
  if (!state.all_acknowledged && now - answered_at_ < longest_wait)
    return false;
  loop_.heard_of(state, recent_, 1, now);
  return true;
}

void trip_watch::tell(std::uint32_t least_segments, loop_watch::clock::time_point now) {
  if (tcp_state state; look_at(socket_, state))
    loop_.heard_of(state, recent_, least_segments, now);
}

answer_watch::answer_watch(loop_watch& loop, int socket) : loop_{loop}, socket_{socket} {
  loop_.answers_.push_back(this);
  loop_.signals_.pressure.file_answers.fetch_add(1, std::memory_order_relaxed);
}

answer_watch::~answer_watch() {
  std::erase(loop_.answers_, this);
  starves(false);
  loop_.signals_.pressure.file_answers.fetch_sub(1, std::memory_order_relaxed);
}

void answer_watch::look(loop_watch::clock::time_point now) {
  tcp_state state;
  if (!is_long() || !look_at(socket_, state))
    return;
  const auto busy = state.busy_microseconds - std::exchange(busy_before_, state.busy_microseconds);
  const auto passed = nanoseconds(now - std::exchange(looked_at_, now)) / 1000;
  if (passed == 0 || passed > 1'000'000)
    return;
  const auto share = 1'000'000 - std::min<std::uint64_t>(1'000'000, busy * 1'000'000 / passed);
  loop_.signals_.starved.add(share);
  starves(share > loop_.signals_.usually_starved.load(std::memory_order_relaxed) + starving);
  loop_.heard_of(state, recent_, 1, now);
}

void answer_watch::starves(bool now) noexcept {
  if (std::exchange(starves_, now) == now)
    return;
  auto& count = loop_.signals_.pressure.starved;
  if (now)
    count.fetch_add(1, std::memory_order_relaxed);
  else
    count.fetch_sub(1, std::memory_order_relaxed);
}

void answer_watch::sent(std::uint64_t bytes) noexcept {
  const bool was_long = is_long();
  sent_ += bytes;
  loop_.signals_.bytes.fetch_add(bytes, std::memory_order_relaxed);
  if (was_long || !is_long())
    return;
  tcp_state state;
  if (look_at(socket_, state))
    busy_before_ = state.busy_microseconds;
  looked_at_ = loop_watch::clock::now();
}

}  // namespace sluice::http
