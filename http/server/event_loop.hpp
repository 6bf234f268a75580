// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <compare>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <unordered_set>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "http/server/loop_watch.hpp"

/// One thread with one io_context: the sessions on it share nothing with other loops and need no lock. Everything that
/// waits on a loop registers with it, so that a stop wakes it at once instead of letting it run into its deadline.
namespace sluice::http {

class session;
class waiter;

/// How much a loop has to do, to be compared: first by its busy connections, then by all.
struct loop_load {
  std::size_t busy = 0;  ///< see loop_seat
  std::size_t connections = 0;
  friend auto operator<=>(const loop_load&, const loop_load&) = default;
};

class event_loop {
 public:
  using executor_type = boost::asio::io_context::executor_type;

  /// `signals` is told how the loop fares, and outlives it. `number` is its place among the loops of its server.
  explicit event_loop(actors::serving_signals& signals, std::size_t number = 0)
      : number_{number}, watch_{context_, signals} {}
  event_loop(const event_loop&) = delete;
  event_loop& operator=(const event_loop&) = delete;
  ~event_loop();

  void start(std::string thread_name);
  /// Ends the thread. Nothing may be pending that anybody still waits for.
  void join();

  [[nodiscard]] executor_type executor() noexcept { return context_.get_executor(); }
  [[nodiscard]] boost::asio::io_context& context() noexcept { return context_; }
  /// For what there is one of a loop: below the number of loops of the server.
  [[nodiscard]] std::size_t number() const noexcept { return number_; }
  /// Any thread may ask.
  [[nodiscard]] loop_load load() const noexcept {
    return {busy_.load(std::memory_order_relaxed), connections_.load(std::memory_order_relaxed)};
  }

  // On the loop's own thread.
  [[nodiscard]] loop_watch& watch() noexcept { return watch_; }
  void add(session& member);
  void remove(session& member);
  void add(waiter& member) { waiters_.insert(&member); }
  void remove(waiter& member) { waiters_.erase(&member); }
  [[nodiscard]] bool stopping() const noexcept { return stopping_; }
  /// Idle sessions close, waiting ones answer now, the others finish what they do and close.
  void begin_stop();
  /// Every connection is cut.
  void abort();

 private:
  friend class loop_seat;

  std::atomic<std::size_t> connections_{0};
  std::atomic<std::size_t> busy_{0};
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<executor_type> work_{context_.get_executor()};
  const std::size_t number_;
  std::unordered_set<session*> sessions_;
  std::unordered_set<waiter*> waiters_;
  loop_watch watch_;
  bool stopping_ = false;
  std::thread thread_;
};

/// The place of one connection on a loop. It is busy from when the loop was chosen for it, on whichever thread, until
/// its first answer, and while it carries a file or a body: not from when the loop comes to it, so that connections
/// which arrive together are shared out, and not for the short answers that come between, which would push readers to
/// one loop.
class loop_seat {
 public:
  explicit loop_seat(event_loop& loop) noexcept : loop_{&loop} {
    loop.connections_.fetch_add(1, std::memory_order_relaxed);
    loop.busy_.fetch_add(1, std::memory_order_relaxed);
  }
  loop_seat(loop_seat&& other) noexcept : loop_{std::exchange(other.loop_, nullptr)}, busy_{other.busy_} {}
  loop_seat& operator=(loop_seat&&) = delete;
  ~loop_seat() {
    if (!loop_)
      return;
    rest();
    loop_->connections_.fetch_sub(1, std::memory_order_relaxed);
  }
  void work() noexcept {
    if (!std::exchange(busy_, true))
      loop_->busy_.fetch_add(1, std::memory_order_relaxed);
  }
  void rest() noexcept {
    if (std::exchange(busy_, false))
      loop_->busy_.fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  event_loop* loop_;
  bool busy_ = true;
};

/// What a coroutine waits on that may be woken before its time: by `wake`, or because the service stops.
/// Used on the loop's own thread only.
class waiter {
 public:
  using clock = std::chrono::steady_clock;

  explicit waiter(event_loop& loop) : loop_{loop}, timer_{loop.executor()} { loop_.add(*this); }
  waiter(const waiter&) = delete;
  waiter& operator=(const waiter&) = delete;
  ~waiter() { loop_.remove(*this); }

  /// Returns when woken since the last wait, when the service stops, or at `when`, whichever is first.
  [[nodiscard]] boost::asio::awaitable<void> wait_until(clock::time_point when);
  void wake();
  [[nodiscard]] bool stopping() const noexcept { return loop_.stopping(); }
  [[nodiscard]] event_loop& loop() noexcept { return loop_; }

 private:
  event_loop& loop_;
  boost::asio::steady_timer timer_;
  bool woken_ = false;
};

/// Calls `on_expiry` on the loop when an armed time passes. Arming again costs a store, not a timer operation, so that
/// every step of a session can have its deadline.
class deadline {
 public:
  using clock = std::chrono::steady_clock;

  deadline(event_loop& loop, std::function<void()> on_expiry);
  deadline(const deadline&) = delete;
  deadline& operator=(const deadline&) = delete;
  ~deadline();

  void arm(std::chrono::milliseconds after);
  void disarm() noexcept { state_->limit = clock::time_point::max(); }
  [[nodiscard]] bool expired() const noexcept { return state_->expired; }

 private:
  struct state {
    state(event_loop& loop, std::function<void()> action) : timer{loop.executor()}, on_expiry{std::move(action)} {}
    boost::asio::steady_timer timer;
    std::function<void()> on_expiry;
    clock::time_point limit = clock::time_point::max();
    clock::time_point pending_until = clock::time_point::max();  ///< max: no wait is pending
    bool expired = false;
  };
  static void wait(const std::shared_ptr<state>& shared);
  std::shared_ptr<state> state_;
};

}  // namespace sluice::http
