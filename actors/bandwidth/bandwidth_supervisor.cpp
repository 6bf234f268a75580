// SPDX-License-Identifier: Apache-2.0
#include "actors/bandwidth/bandwidth_supervisor.hpp"

#include <algorithm>
#include <ctime>
#include <optional>
#include <utility>

namespace sluice::actors {

namespace {

using namespace std::chrono_literals;

constexpr double millionths_per_percent = 10'000;

/// A new import runs at most this far ahead of the caps until its first share.
std::uint64_t first_rate(const bandwidth_limits& limits, std::uint64_t allowed) {
  std::uint64_t smallest = allowed;
  for (const auto cap : {limits.import_max, limits.per_project_max, limits.per_import_max, limits.per_source_host_max})
    if (cap != 0)
      smallest = std::min(smallest, cap);
  for (const auto& project : limits.projects)
    if (project.max != 0)
      smallest = std::min(smallest, project.max);
  return smallest == unlimited_rate ? throttle::unlimited : std::max<std::uint64_t>(smallest / 8, 1);
}

bool is_capped(const bandwidth_limits& limits) {
  return first_rate(limits, unlimited_rate) != throttle::unlimited;
}

std::uint32_t minute_of_day(schemas::time_point now) {
  const auto seconds = std::chrono::system_clock::to_time_t(now);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  return static_cast<std::uint32_t>(local.tm_hour * 60 + local.tm_min);
}

std::optional<double> worst(measurement& of) {
  const auto taken = of.take();
  return taken.count == 0 ? std::nullopt : std::optional{static_cast<double>(taken.largest)};
}

/// Payload on its way over a network brings 66 bytes of headers a segment: Ethernet 14, IPv4 20, TCP with time
/// stamps 32.
double on_the_wire(double payload, std::uint32_t segment) {
  return segment == 0 ? payload : payload * (1 + 66.0 / segment);
}

/// The inverse: what the governor decides is on the wire, what throttles count is not.
std::uint64_t payload_of(std::uint64_t wire, std::uint32_t segment) {
  if (wire == unlimited_rate || segment == 0)
    return wire;
  return static_cast<std::uint64_t>(static_cast<double>(wire) / (1 + 66.0 / segment));
}

}  // namespace

bandwidth_supervisor_actor::behavior_type bandwidth_supervisor_state::make_behavior(
    const bandwidth_surroundings& surroundings, const bandwidth_policy& configured) {
  around = std::make_unique<bandwidth_surroundings>(surroundings);
  policy = configured;
  put_in_force();
  arm(governor::tick);
  return {
      [this](tick_atom, std::uint64_t armed) { on_tick(armed); },
      [this](configure_atom, const bandwidth_policy& fresh) {
        policy = fresh;
        put_in_force();
        share_out(around->throttles.all());
        return done_atom_v;
      },
      [this](report_atom) { return report(); },
      [this](pause_atom) {
        ++generation;
        return done_atom_v;
      },
  };
}

void bandwidth_supervisor_state::put_in_force() {
  profile = profile_at(policy, minute_of_day(around->clock.now()));
  governor_settings settings;
  settings.starved_target = policy.starved_percent;
  settings.time_target = static_cast<double>(policy.serve_target_ns);
  settings.link = policy.link;
  settings.trickle = policy.trickle;
  settings.reservation = import_reservation(profile);
  settings.enabled = around->protections.controller;
  governing.configure(settings);
  around->imports_gate.enable(around->protections.gate && profile != "import-first");
  around->imports_gate.set_block(policy.gate_block);
  around->imports_gate.set_in_flight(std::chrono::nanoseconds{policy.in_flight_ns});
  around->throttles.set_initial_rate(first_rate(policy.limits, allowed));
}

void bandwidth_supervisor_state::follow_schedule() {
  if (!policy.schedule.empty() && profile_at(policy, minute_of_day(around->clock.now())) != profile)
    put_in_force();
}

void bandwidth_supervisor_state::arm(caf::timespan after) {
  self->delayed_send(self, after, tick_atom_v, ++generation);
}

void bandwidth_supervisor_state::on_tick(std::uint64_t armed) {
  if (armed != generation)
    return;
  const auto running = around->throttles.all();
  const auto now = self->clock().now();
  const bool measured = now - measured_at >= measuring;
  if (measured) {
    follow_schedule();
    measure(running, now);
  }
  const auto before = shared_out;
  const auto seen = look(running);
  allowed = payload_of(governing.decide(now, seen), around->signals.segment.load(std::memory_order_relaxed));
  around->signals.usually_starved.store(
      static_cast<std::uint64_t>(governing.starves_usually() * millionths_per_percent), std::memory_order_relaxed);
  // Sharing out anew for a change that nobody feels costs more than it brings.
  const auto least = std::min(allowed, before), most = std::max(allowed, before);
  const bool moved = most - least > most / 64;
  if (measured || moved)
    share_out(running);
  arm(running.empty() ? idle_interval : caf::timespan{governor::tick});
}

void bandwidth_supervisor_state::measure(const throttles& running, governor::clock::time_point now) {
  const auto elapsed = std::chrono::duration<double>{now - measured_at}.count();
  const bool first = measured_at == governor::clock::time_point{};
  measured_at = now;
  std::map<std::string, account> fresh;
  std::set<std::string> waiting;
  double moved = 0;
  for (const auto& one : running) {
    const auto found = accounts.find(one->import_id());
    auto entry = found == accounts.end() ? account{} : found->second;
    const auto taken = one->taken();
    const auto used = found == accounts.end() || taken < entry.taken ? 0 : taken - entry.taken;
    const auto rate = first ? 0 : static_cast<double>(used) / elapsed;
    entry.taken = taken;
    entry.rate = entry.rate == 0 ? rate : entry.rate + 0.2 * (rate - entry.rate);
    // Who waited could use any rate; who did not gets what it used and room to grow by half within a look.
    const bool waited = one->was_hungry();
    if (waited)
      waiting.insert(one->project_id());
    const bool hungry = waited || found == accounts.end();
    entry.demand = hungry ? unlimited_rate : static_cast<std::uint64_t>(rate * 1.5) + (64U << 10);
    moved += rate;
    fresh.emplace(one->import_id(), entry);
  }
  accounts = std::move(fresh);
  import_rate = moved;
  balance(running, waiting);
}

void bandwidth_supervisor_state::balance(const throttles& running, const std::set<std::string>& waiting) {
  std::map<std::string, project_use> uses;
  for (const auto& one : running) {
    auto& use = uses[one->project_id()];
    use.rate += accounts[one->import_id()].rate;
    use.short_of_machine = use.short_of_machine || one->short_of_machine();
  }
  for (const auto& share : policy.limits.projects)
    if (const auto found = uses.find(share.project_id); found != uses.end())
      found->second.weight = share.weight;
  std::vector<project_use> all;
  for (auto& [id, use] : uses) {
    use.project_id = id;
    use.waits_for_share = waiting.contains(id);
    all.push_back(std::move(use));
  }
  balancing.look(all);
}

governor_input bandwidth_supervisor_state::look(const throttles& running) {
  auto& signals = around->signals;
  const auto now = self->clock().now();
  const auto elapsed = looked_at == governor::clock::time_point{}
                           ? 1.0
                           : std::max(1e-3, std::chrono::duration<double>{now - looked_at}.count());
  looked_at = now;
  governor_input seen;
  const auto bytes = signals.bytes.load(std::memory_order_relaxed);
  const auto requests = signals.requests.load(std::memory_order_relaxed);
  const auto segment = signals.segment.load(std::memory_order_relaxed);
  const auto payload = static_cast<double>(bytes - bytes_before) / elapsed;
  serve_rate += std::min(1.0, elapsed / 0.1) * (payload - serve_rate);
  seen.serving = bytes != bytes_before || requests != requests_before || signals.pressure.is_short();
  seen.serve_rate = static_cast<std::uint64_t>(on_the_wire(payload, segment));
  seen.import_rate = static_cast<std::uint64_t>(on_the_wire(import_rate, segment));
  seen.running = static_cast<std::uint32_t>(running.size());
  bytes_before = bytes;
  requests_before = requests;
  const auto set = [&](serving_signal signal, std::optional<double> value) {
    seen.signals[static_cast<std::size_t>(signal)] = value;
  };
  // One answer at a time: the mean of many would vary less while nothing is imported, when looks are far apart, than
  // between the looks that are held against it.
  if (const auto starved = signals.starved.take(); starved.count > 0)
    set(serving_signal::starved, static_cast<double>(starved.last) / millionths_per_percent);
  set(serving_signal::run_queue, worst(signals.run_queue));
  set(serving_signal::loop_lag, worst(signals.loop_lag));
  // A queue on the way to us delays everybody; one client that answers late is its own affair. So several are
  // collected.
  if (now - trips_at >= 20ms) {
    trips_at = now;
    if (const auto trips = signals.round_trip.take_once(2); trips.count > 0)
      set(serving_signal::round_trip, static_cast<double>(trips.smallest));
  }
  if (const auto disk = signals.disk.take(); disk.count > 0)
    set(serving_signal::disk, static_cast<double>(disk.mean()));
  // One commit in a dozen waits ten milliseconds for the disk, whoever else writes: what three have in common counts.
  if (const auto commits = signals.commit.take_once(3); commits.count > 0)
    set(serving_signal::commit, static_cast<double>(commits.smallest));
  return seen;
}

void bandwidth_supervisor_state::share_out(const throttles& running) {
  shared_out = allowed;
  auto limits = policy.limits;
  if (allowed != unlimited_rate)
    limits.import_max =
        std::max<std::uint64_t>(1, limits.import_max == 0 ? allowed : std::min(limits.import_max, allowed));
  around->throttles.set_initial_rate(first_rate(policy.limits, allowed));
  std::vector<bandwidth_claim> claims;
  claims.reserve(running.size());
  for (const auto& one : running) {
    const auto known = accounts.find(one->import_id());
    claims.push_back(
        {one->project_id(), one->source_host(), known == accounts.end() ? unlimited_rate : known->second.demand});
  }
  // Where nothing is capped, nobody is held to what it used a moment ago.
  const bool capped = is_capped(limits);
  if (!capped)
    for (auto& claim : claims)
      if (!balancing.cap_of(claim.project_id))
        claim.demand = unlimited_rate;
  hold_back(limits, claims);
  const auto rates = allocate(limits, claims);
  for (std::size_t i = 0; i < running.size(); ++i) {
    const auto why = governing.reason() == governor_reason::serving      ? throttle_reason::serving
                     : !capped && balancing.cap_of(claims[i].project_id) ? throttle_reason::share
                                                                         : throttle_reason::limit;
    if (const auto known = accounts.find(running[i]->import_id()); known != accounts.end()) {
      known->second.allowed = rates[i];
      known->second.why = why;
    }
    running[i]->set_rate(rates[i] == unlimited_rate ? throttle::unlimited : rates[i]);
    running[i]->set_reason(why);
  }
}

/// Projects that have had more than their share of the machine get a cap of their own, below any that is configured.
void bandwidth_supervisor_state::hold_back(bandwidth_limits& limits, const std::vector<bandwidth_claim>& claims) const {
  if (!balancing.holds_anybody())
    return;
  std::set<std::string> seen;
  for (const auto& claim : claims) {
    const auto cap = balancing.cap_of(claim.project_id);
    if (!cap || !seen.insert(claim.project_id).second)
      continue;
    auto share = std::find_if(limits.projects.begin(), limits.projects.end(),
                              [&](const project_share& one) { return one.project_id == claim.project_id; });
    if (share == limits.projects.end())
      share = limits.projects.insert(share, project_share{claim.project_id, 1.0, 0});
    const auto configured = share->max != 0 ? share->max : limits.per_project_max;
    share->max = configured == 0 ? *cap : std::min(configured, *cap);
  }
}

bandwidth_supervisor_actor::behavior_type bandwidth_supervisor(
    bandwidth_supervisor_actor::stateful_pointer<bandwidth_supervisor_state> self, const bandwidth_surroundings* around,
    const bandwidth_policy& configured) {
  return self->state.make_behavior(*around, configured);
}

}  // namespace sluice::actors
