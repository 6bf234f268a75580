// SPDX-License-Identifier: Apache-2.0
#include "actors/bandwidth/governor.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace sluice::actors {

namespace {

using namespace std::chrono_literals;

constexpr auto slowdown = 20ms;           ///< standing still to learn the bases …
constexpr auto slowdown_interval = 2s;    ///< … this often at most
constexpr auto forgotten = 1s;            ///< a signal not measured for this long says nothing
constexpr double long_queue = 3;          ///< in targets: the network's hurt that imports stand still for
constexpr double bottom = 0.1;            ///< of the capacity: below that a rate says nothing about where it hurts
constexpr double safe = full_link::safe;  ///< of where it hurt: where the way back is quick no longer
constexpr double quick_return = 0.02;     ///< of the capacity a tick, up to there
constexpr double gentle_return = 0.004;   ///< … and from there, where no network hurt
constexpr double base_learning = 0.1;     ///< weight of a new measurement in a base
constexpr double deviations = 2;          ///< above the mean, what is no news
constexpr double usual_deviations = 1.5;  ///< of what starves: a look beyond them is evidence …
constexpr double enough_deviations = 4;   ///< … and so many gathered are enough; see `gather`
constexpr double link_share = 0.98;
constexpr double wanted_margin = 1.05;
constexpr double seconds_to_forget_peak = 60;

/// Imports standing this long, what is measured is serving's own: a network drains that long (see `on_the_network`),
/// and a smoothed round trip remembers the queue for a while (RFC 6298: an eighth of each measurement).
std::chrono::milliseconds settled(serving_signal signal) {
  return signal == serving_signal::round_trip ? 250ms : 10ms;
}

/// How long the answer to a hurt takes, and how long the hurt itself to be seen again.
struct pace {
  std::chrono::milliseconds serving_memory;  ///< this long after the last request serving still counts as active
  std::chrono::milliseconds hold;            ///< stage one: at once, and short
  std::chrono::milliseconds cut_interval;    ///< stage two: no second cut before the first can be felt
  std::chrono::milliseconds episode;         ///< cuts this close together answer the same hurt
};
constexpr pace at_home{20ms, 5ms, 20ms, 100ms};
/// Reading stopped, a source goes on sending until the receive buffers are full: of 16 imports 4 to 8 MiB, 160 ms of
/// 400 Mbit/s. All of that time the queue stands, and it is seen once in 20 ms. Where serving paused for a moment,
/// imports that were let go would have filled it again.
constexpr pace on_the_network{60ms, 25ms, 200ms, 500ms};

std::uint64_t whole(double rate) {
  return rate >= static_cast<double>(unlimited_rate) ? unlimited_rate : static_cast<std::uint64_t>(std::max(0.0, rate));
}

}  // namespace

std::string_view to_string(serving_signal signal) noexcept {
  switch (signal) {
    case serving_signal::starved: return "starved";
    case serving_signal::run_queue: return "run_queue";
    case serving_signal::loop_lag: return "loop_lag";
    case serving_signal::round_trip: return "round_trip";
    case serving_signal::disk: return "disk";
    case serving_signal::commit: return "commit";
  }
  return "";
}

double governor::value(serving_signal signal) const noexcept {
  return feelings_[static_cast<std::size_t>(signal)].value;
}

std::uint64_t governor::cuts() const noexcept {
  return std::accumulate(cuts_.begin(), cuts_.end(), std::uint64_t{0});
}

std::uint64_t governor::cuts(serving_signal signal) const noexcept {
  return cuts_[static_cast<std::size_t>(signal)];
}

double governor::starves_usually() const noexcept {
  return feelings_[static_cast<std::size_t>(serving_signal::starved)].usual();
}

double governor::target(serving_signal signal) const noexcept {
  switch (signal) {
    case serving_signal::starved: return settings_.starved_target;
    // On the processor the kernel's classes answer within microseconds: the rate steps in where they are not enough.
    // With the bare target imports lost a third of their rate and serving gained nothing (bench/serve_under_import).
    case serving_signal::run_queue:
    case serving_signal::loop_lag: return 5 * settings_.time_target;
    // A round trip over a network varies by milliseconds of itself, a commit by as long as a disk takes to flush.
    case serving_signal::round_trip: return 10 * settings_.time_target;
    case serving_signal::commit: return 100 * settings_.time_target;
    case serving_signal::disk: return 3 * settings_.time_target;
  }
  return settings_.time_target;
}

double governor::floor(std::uint32_t running) const noexcept {
  const auto trickle = static_cast<double>(settings_.trickle) * running;
  const auto whole = settings_.link != 0 ? static_cast<double>(settings_.link) : capacity_;
  return std::max(trickle, settings_.reservation * whole);
}

void governor::learn_capacity(clock::time_point now, const governor_input& seen) {
  const auto elapsed =
      last_tick_ == clock::time_point{} ? 0.0 : std::chrono::duration<double>{now - last_tick_}.count();
  // The peak lasts while nothing runs: nothing is learnt from standing still.
  if (seen.running > 0)
    capacity_ -= capacity_ * std::min(1.0, elapsed / seconds_to_forget_peak);
  capacity_ = std::max(capacity_, static_cast<double>(seen.import_rate));
  const auto wanted = static_cast<double>(seen.serve_rate);
  const auto gain = wanted > serve_wanted_ ? 0.5 : 1 - std::exp(-elapsed / 0.010);
  serve_wanted_ += gain * (wanted - serve_wanted_);
  last_tick_ = now;
}

double governor::feeling::usual() const noexcept {
  return mean.value_or(0) + usual_deviations * deviation;
}

void governor::feeling::compare(double measured, bool fresh) noexcept {
  const auto last = fresh ? 0.0 : std::exchange(above, 0.0);
  above = std::max(0.0, measured - mean.value_or(0) - deviations * deviation);
  value = std::min(last, above);
}

void governor::feeling::gather(double measured, double bearable, bool fresh) noexcept {
  const auto enough = bearable + enough_deviations * deviation;
  const auto before = fresh || above > enough ? 0.0 : above;  // what has been answered is no evidence of more
  above = std::clamp(before + measured - usual() - bearable, 0.0, 2 * enough);
  value = bearable * above / enough;
}

governor::pain governor::hurt(clock::time_point now, const governor_input& seen, clock::duration still_for) {
  pain worst;
  for (std::size_t i = 0; i < serving_signal_count; ++i) {
    auto& felt = feelings_[i];
    const auto bearable = target(static_cast<serving_signal>(i));
    const bool standing = still_for >= settled(static_cast<serving_signal>(i));
    if (const auto& measured = seen.signals[i]) {
      if (standing && !felt.mean) {
        felt.mean = *measured;
      } else if (standing) {
        felt.deviation += base_learning * (std::abs(*measured - *felt.mean) - felt.deviation);
        *felt.mean += base_learning * (*measured - *felt.mean);
      }
      const bool fresh = now - felt.seen > forgotten;
      if (static_cast<serving_signal>(i) == serving_signal::starved)
        felt.gather(*measured, bearable, fresh);
      else
        felt.compare(*measured, fresh);
      felt.seen = now;
    } else if (now - felt.seen > forgotten) {
      felt.value = 0;
    }
    if (seen.signals[i] && bearable > 0 && felt.value / bearable > worst.excess)
      worst = {felt.value / bearable, static_cast<serving_signal>(i)};
  }
  return worst;
}

void governor::adapt(clock::time_point now, const pain& felt, const governor_input& seen) {
  const auto least = floor(seen.running);
  if (felt.excess > 1) {
    const bool network = felt.of == serving_signal::round_trip;
    const auto& answer = network ? on_the_network : at_home;
    // Imports that stood all begin again in the same moment, which a link feels: for a queue that only begins, the cut
    // is enough.
    if (!network || felt.excess > long_queue) {
      if (hold_until_ < now)
        ++holds_;
      hold_until_ = now + answer.hold;
    }
    if (now - last_cut_ >= answer.cut_interval) {
      const auto from = std::max(allowed_.value_or(static_cast<double>(seen.import_rate)), least);
      // What is already below the safe rate pays for a hurt that lasts; it does not say that less is safe. And at the
      // bottom it is not imports that hurt, or nothing can be done about it.
      const bool of_its_own = network ? now - link_.learnt_at() > answer.episode
                                      : from >= safe * hurt_at_ || now - last_cut_ > answer.episode;
      const bool says_where = from > bottom * capacity_ && of_its_own;
      if (says_where)
        hurt_at_ = std::max(from, hurt_at_ / 2);
      probing_since_.reset();
      auto left = from * std::max(0.5, 1 - 0.5 * (felt.excess - 1));
      if (network) {
        if (says_where)
          link_.was_full_at(now, hurt_at_, capacity_);
        else
          link_.is_full(now);
        left = std::min(left, safe * hurt_at_);
      }
      allowed_ = std::max(least, left);
      last_cut_ = now;
      ++cuts_[static_cast<std::size_t>(felt.of)];
    }
  } else if (allowed_ && now >= hold_until_) {
    const bool careful = *allowed_ >= safe * hurt_at_;
    if (!probing_since_ && careful)
      probing_since_ = now;
    // What a network has beside serving stays what it is for a while. A processor or a disk has something else to leave
    // in the next tenth of a second, and that it was short says little about a rate.
    if (probing_since_ && link_.known(now))
      *allowed_ = std::max(*allowed_, link_.ask(now - *probing_since_));
    else
      *allowed_ += (careful ? gentle_return : quick_return) * capacity_;
    if (*allowed_ > 1.25 * capacity_) {
      allowed_.reset();
      link_.forget();
    }
  }
  if (felt.excess > 0.5 && now - last_slowdown_ >= slowdown_interval) {
    last_slowdown_ = now;
    hold_until_ = std::max(hold_until_, now + slowdown);
  }
}

std::vector<traffic_class> governor::classes_for(std::uint32_t running) const {
  // In the order in which reservations are kept when they exceed the capacity together.
  traffic_class import, serve;
  import.name = "import";
  import.weight = 4;
  import.reservation = whole(floor(running));
  import.demand = running == 0 ? 0 : unlimited_rate;
  serve.name = "serve";
  serve.weight = 16;
  serve.demand = serve.reservation = whole(wanted_margin * serve_wanted_);
  return {import, serve};
}

std::uint64_t governor::answer(double allowed, const governor_input& seen) {
  classes_ = classes_for(seen.running);
  const auto adaptive = std::max(whole(allowed), classes_.front().reservation);
  classes_.front().limit = adaptive == unlimited_rate ? 0 : adaptive;
  const auto capacity = settings_.link == 0 ? unlimited_rate : whole(link_share * static_cast<double>(settings_.link));
  shares_ = share_between_classes(capacity, classes_);
  if (seen.running == 0)
    return capacity;
  if (shares_.front() < adaptive)
    reason_ = governor_reason::link;
  return shares_.front();
}

void governor::nobody_to_step_aside_for(clock::time_point now, const governor_input& seen) {
  hold_until_ = now;
  if (!settings_.enabled || !link_.confirmed(now)) {
    allowed_.reset();
    return;
  }
  // Nobody would feel the queue, and who comes next would find it.
  adapt(now, {}, seen);
  if (allowed_ && *allowed_ <= link_.level())
    return;
  allowed_ = link_.level();
  probing_since_ = now - link_.way_back();
}

bool governor::is_active(clock::time_point now, bool serving) {
  const auto remembered = (link_.known(now) ? on_the_network : at_home).serving_memory;
  const bool was = last_serving_ != clock::time_point{} && now - last_serving_ < remembered;
  if (serving)
    last_serving_ = now;
  // On a link that was full a moment ago imports do not wait for the next hurt, and the queue that they have meanwhile
  // made is no news.
  if (serving && !was && link_.known(now) && !link_.confirmed(now)) {
    allowed_ = safe * hurt_at_;
    probing_since_.reset();
    last_cut_ = now;
  }
  return serving || was;
}

std::uint64_t governor::decide(clock::time_point now, const governor_input& seen) {
  learn_capacity(now, seen);
  const bool active = is_active(now, seen.serving);
  constexpr auto nothing = static_cast<double>(unlimited_rate);
  reason_ = governor_reason::none;

  const bool still = seen.running == 0 || standing_still_;
  if (!still)
    standing_since_ = clock::time_point{};
  else if (standing_since_ == clock::time_point{})
    standing_since_ = now;
  const auto felt = hurt(now, seen, still ? now - standing_since_ : clock::duration{-1});
  if (!active || !settings_.enabled)
    nobody_to_step_aside_for(now, seen);
  else if (seen.running > 0)
    adapt(now, felt, seen);
  standing_still_ = false;
  if (!settings_.enabled || seen.running == 0)
    return answer(nothing, seen);
  standing_still_ = active && (now < hold_until_ || (allowed_ && *allowed_ <= floor(seen.running)));
  if (now < hold_until_) {
    reason_ = governor_reason::serving;
    return answer(0, seen);
  }
  if (!allowed_)
    return answer(nothing, seen);
  reason_ = governor_reason::serving;
  return answer(*allowed_, seen);
}

}  // namespace sluice::actors
