// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "actors/bandwidth/allocation.hpp"
#include "actors/bandwidth/class_shares.hpp"
#include "actors/bandwidth/full_link.hpp"

namespace sluice::actors {

/// One of serving's signals since the last tick; nothing measured is no news, not good news.
enum class serving_signal : std::uint8_t { starved, run_queue, loop_lag, round_trip, disk, commit };
inline constexpr std::size_t serving_signal_count = 6;
[[nodiscard]] std::string_view to_string(serving_signal signal) noexcept;

/// What the governor looks at, each tick.
struct governor_input {
  std::array<std::optional<double>, serving_signal_count> signals;  ///< `starved` in percent, the others in ns
  bool serving = false;           ///< a request came, or bytes left, or something is in hand, since the last tick
  std::uint64_t serve_rate = 0;   ///< bytes per second on the wire
  std::uint64_t import_rate = 0;  ///< bytes per second, over the last 100 ms or so
  std::uint32_t running = 0;      ///< imports that move bytes
};

struct governor_settings {
  double starved_target = 1;         ///< percent
  double time_target = 300'000;      ///< ns, of the other signals
  std::uint64_t link = 0;            ///< bytes per second; 0 = learn
  std::uint64_t trickle = 64 << 10;  ///< bytes per second for each import
  double reservation = 0;            ///< of the capacity, for imports, whatever serving feels
  bool enabled = true;               ///< false: only `link` holds
};

enum class governor_reason : std::uint8_t { none, link, serving };

/// Decides how much all imports together may take, from what serving feels. Pure but for its own memory: the same
/// inputs at the same times give the same answers.
///
/// Nothing serving: nothing is limited. Hurt (a signal above its base by more than its target, twice in a row; of what
/// starves, once enough evidence is gathered, which is one look where starving is not usual): held to the trickle for 5
/// ms, and every 20 ms at most the rate is cut in proportion to the hurt, at most to half (LEDBAT++, without its
/// window). A queue on the network drains slowly: imports stand still for a long one only, and it is cut for once in
/// 200 ms. Well: back quickly to 0.7 of where the hurt began, from there gently, or, where the network hurt, as
/// `full_link` says. Each signal's base is what it shows while imports stand still, learnt whenever they do; while they
/// never do and the hurt is above a half, they are made to for 20 ms every two seconds, which costs one per cent. The
/// base is the mean and some deviations of what is seen then. So a signal that is as bad without imports (a foreign
/// process, a slow client's network, clients that take all they can in bursts) does not stop them.
///
/// With `link` configured, imports never get more than what serving has just wanted leaves of it.
class governor {
 public:
  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds tick{5};

  explicit governor(const governor_settings& settings) : settings_{settings} {}
  void configure(const governor_settings& settings) { settings_ = settings; }

  /// Bytes per second for all imports from now on; `unlimited_rate` when nothing holds them.
  [[nodiscard]] std::uint64_t decide(clock::time_point now, const governor_input& seen);

  /// The classes as they share `link`: serve gets what it wants, imports their reservation and what is left.
  [[nodiscard]] const std::vector<traffic_class>& classes() const noexcept { return classes_; }
  /// What each of `classes` may have at the moment.
  [[nodiscard]] const std::vector<std::uint64_t>& shares() const noexcept { return shares_; }
  [[nodiscard]] governor_reason reason() const noexcept { return reason_; }
  [[nodiscard]] std::uint64_t capacity() const noexcept { return static_cast<std::uint64_t>(capacity_); }
  [[nodiscard]] std::uint64_t holds() const noexcept { return holds_; }
  [[nodiscard]] std::uint64_t cuts() const noexcept;
  /// Of those, the ones that this signal called for: it was the furthest above its target.
  [[nodiscard]] std::uint64_t cuts(serving_signal signal) const noexcept;
  /// What it last showed above its base, of what starves the evidence for it; 0 before the first.
  [[nodiscard]] double value(serving_signal signal) const noexcept;
  /// Percent that answers starve while imports stand still, at most and nearly always: the base of that signal.
  [[nodiscard]] double starves_usually() const noexcept;
  [[nodiscard]] double target(serving_signal signal) const noexcept;

 private:
  struct feeling {
    std::optional<double> mean;  ///< while imports stand still
    double deviation = 0;        ///< from it
    double above = 0;            ///< its base: at the last look (`compare`), or gathered over looks (`gather`)
    double value = 0;            ///< of that, what is no noise
    clock::time_point seen{};

    /// The base of what is gathered.
    [[nodiscard]] double usual() const noexcept;
    /// One bad look is noise, two in a row are not.
    void compare(double measured, bool fresh) noexcept;
    /// Evidence from look to look (Page's cumulative sum, CUSUM): where nothing is usual, one look is enough; where a
    /// burst starves its clients anyway, a good many are needed for the same certainty.
    void gather(double measured, double bearable, bool fresh) noexcept;
  };
  struct pain {
    double excess = 0;  ///< of the worst signal, in its targets
    serving_signal of = serving_signal::starved;
  };

  void learn_capacity(clock::time_point now, const governor_input& seen);
  [[nodiscard]] pain hurt(clock::time_point now, const governor_input& seen, clock::duration still_for);
  [[nodiscard]] double floor(std::uint32_t running) const noexcept;
  /// Whether imports have somebody to step aside for; takes note of when there was.
  bool is_active(clock::time_point now, bool serving);
  /// The limit goes at once; what was learnt about where it hurts stays.
  void nobody_to_step_aside_for(clock::time_point now, const governor_input& seen);
  [[nodiscard]] std::uint64_t answer(double allowed, const governor_input& seen);
  [[nodiscard]] std::vector<traffic_class> classes_for(std::uint32_t running) const;
  void adapt(clock::time_point now, const pain& felt, const governor_input& seen);

  governor_settings settings_;
  std::array<feeling, serving_signal_count> feelings_{};
  std::optional<double> allowed_;                   ///< empty = unlimited
  double hurt_at_ = 0;                              ///< the rate at which it last began to hurt
  std::optional<clock::time_point> probing_since_;  ///< empty below the safe part of that
  double capacity_ = 0;
  double serve_wanted_ = 0;
  clock::time_point last_tick_{}, last_serving_{}, last_cut_{}, hold_until_{}, standing_since_{}, last_slowdown_{};
  full_link link_;
  bool standing_still_ = false;  ///< imports were told to, by the last decision
  std::uint64_t holds_ = 0;
  std::array<std::uint64_t, serving_signal_count> cuts_{};
  governor_reason reason_ = governor_reason::none;
  std::vector<traffic_class> classes_;
  std::vector<std::uint64_t> shares_;
};

}  // namespace sluice::actors
