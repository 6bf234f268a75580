// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "actors/bandwidth/serving_signals.hpp"
#include "http/server/recent_round_trip.hpp"
#include "http/server/round_trip_bases.hpp"
#include "persistence/unique_fd.hpp"

namespace sluice::http {

class answer_watch;
class trip_watch;
struct tcp_state;

/// How one serving loop fares, told to the signals that the governor of imports reads: how late its timer fires beyond
/// its own work, how long its thread was runnable and not running, and which image answers starve, that is, have a
/// client who would take more than the service gives. Costs a few microseconds each 5 ms while the loop has
/// connections. Lives on the loop's own thread.
class loop_watch {
 public:
  using clock = std::chrono::steady_clock;

  loop_watch(boost::asio::io_context& context, actors::serving_signals& signals) : signals_{signals}, timer_{context} {}
  loop_watch(const loop_watch&) = delete;
  loop_watch& operator=(const loop_watch&) = delete;

  /// Looks again and again until `stop`; less often while `busy` says that there are no connections.
  void start(std::function<bool()> busy);
  void stop();
  [[nodiscard]] actors::serving_signals& signals() noexcept { return signals_; }

 private:
  friend class answer_watch;
  friend class trip_watch;

  void arm();
  void look();
  void look_at_own_thread(clock::time_point now, clock::time_point due);
  void look_at_answers(clock::time_point now);
  void look_at_trips(clock::time_point now);
  /// Tells the round trip where at least so many segments were acknowledged since it was last looked at.
  void heard_of(const tcp_state& state, recent_round_trip& recent, std::uint32_t least_segments, clock::time_point now);

  actors::serving_signals& signals_;
  boost::asio::steady_timer timer_;
  std::function<bool()> busy_;
  /// Of this thread: nanoseconds on a core, then runnable and waiting (Documentation/scheduler/sched-stats).
  persistence::unique_fd schedstat_;
  std::vector<answer_watch*> answers_;
  std::size_t next_answer_ = 0;
  unsigned looks_ = 0;
  std::vector<trip_watch*> trips_;  ///< whose answers are not acknowledged yet
  round_trip_bases bases_;
  least_round_trip least_;
  bool stopped_ = false;
  clock::time_point due_{}, looked_at_{}, trip_at_{};
  std::uint64_t cpu_before_ = 0, delay_before_ = 0;
};

/// The round trips of one connection, which tell of a queue on the way to its client, those of short answers only
/// together (see `least_round_trip`). They are looked at once an answer was acknowledged, with the next request or the
/// end of the connection at the latest.
class trip_watch {
 public:
  /// The socket stays open as long as this lives.
  trip_watch(loop_watch& loop, int socket) noexcept : loop_{loop}, socket_{socket} {}
  ~trip_watch();
  trip_watch(const trip_watch&) = delete;
  trip_watch& operator=(const trip_watch&) = delete;

  /// An answer was given, whatever it was.
  void answered();
  /// The next request has come.
  void asked();

 private:
  friend class loop_watch;
  void tell(std::uint32_t least_segments, loop_watch::clock::time_point now);
  /// False while there is nothing to be seen yet.
  bool look(loop_watch::clock::time_point now);

  loop_watch& loop_;
  int socket_;
  recent_round_trip recent_;
  loop_watch::clock::time_point answered_at_{};
};

/// One image answer on its way out, for as long as it lives.
class answer_watch {
 public:
  /// After so many bytes an answer is a long transfer: no longer a request in hand, but watched for starving.
  static constexpr std::uint64_t long_after = 4 << 20;

  answer_watch(loop_watch& loop, int socket);
  ~answer_watch();
  answer_watch(const answer_watch&) = delete;
  answer_watch& operator=(const answer_watch&) = delete;

  void sent(std::uint64_t bytes) noexcept;
  [[nodiscard]] bool is_long() const noexcept { return sent_ >= long_after; }

 private:
  friend class loop_watch;
  void look(loop_watch::clock::time_point now);
  void starves(bool now) noexcept;

  loop_watch& loop_;
  int socket_;
  std::uint64_t sent_ = 0;
  std::uint64_t busy_before_ = 0;
  recent_round_trip recent_;
  bool starves_ = false;  ///< as counted in the pressure
  loop_watch::clock::time_point looked_at_{};
};

}  // namespace sluice::http
