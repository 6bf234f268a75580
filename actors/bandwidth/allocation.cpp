// SPDX-License-Identifier: Apache-2.0
#include "actors/bandwidth/allocation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace sluice::actors {

namespace {

// 64 bits of mantissa where the machine has them: every rate that can be configured is exact.
using real = long double;

constexpr real none = std::numeric_limits<real>::infinity();
constexpr double smallest_weight = 0.001;
constexpr double largest_weight = 1000.0;

real cap_of(std::uint64_t configured) {
  return configured == 0 ? none : static_cast<real>(configured);
}

/// A limit that several imports share: the node's, a project's, a source host's.
struct vessel {
  real cap = none;
  real filled = 0;
  real speed = 0;  ///< sum of the speeds of the imports in it that still grow
  bool full = false;
};

struct project_vessel : vessel {
  real weight = 1;
  std::size_t growing = 0;
};

/// One import's way up.
struct stem {
  real limit = none;
  real level = 0;
  real speed = 0;
  bool growing = true;
  project_vessel* project = nullptr;
  vessel* host = nullptr;
};

class filling {
 public:
  filling(const bandwidth_limits& limits, const std::vector<bandwidth_claim>& claims) {
    node_.cap = cap_of(limits.import_max);
    stems_.reserve(claims.size());
    for (const auto& claim : claims) {
      stem added;
      added.limit = std::min(claim.demand == unlimited_rate ? none : static_cast<real>(claim.demand),
                             cap_of(limits.per_import_max));
      const auto [project, new_project] = projects_.try_emplace(claim.project_id);
      if (new_project)
        set_share(limits, claim.project_id, project->second);
      const auto [host, new_host] = hosts_.try_emplace(claim.source_host);
      if (new_host)
        host->second.cap = cap_of(limits.per_source_host_max);
      added.project = &project->second;
      added.host = &host->second;
      stems_.push_back(added);
    }
  }

  void fill() {
    for (;;) {
      set_speeds();
      const auto duration = until_next_limit();
      if (duration == none)
        return;  // nobody grows, or nothing holds those that do
      rise(duration);
    }
  }

  [[nodiscard]] const std::vector<stem>& stems() const noexcept { return stems_; }

 private:
  static void set_share(const bandwidth_limits& limits, const std::string& id, project_vessel& project) {
    project.cap = cap_of(limits.per_project_max);
    for (const auto& share : limits.projects)
      if (share.project_id == id) {
        if (share.max != 0)
          project.cap = cap_of(share.max);
        if (std::isfinite(share.weight))
          project.weight = static_cast<real>(std::clamp(share.weight, smallest_weight, largest_weight));
      }
  }

  void set_speeds() {
    node_.speed = 0;
    for (auto& [id, project] : projects_) {
      project.speed = 0;
      project.growing = 0;
    }
    for (auto& [name, host] : hosts_)
      host.speed = 0;
    for (auto& each : stems_) {
      each.growing = each.growing && each.level < each.limit && !each.project->full && !each.host->full && !node_.full;
      if (each.growing)
        ++each.project->growing;
    }
    for (auto& each : stems_) {
      each.speed = each.growing ? each.project->weight / static_cast<real>(each.project->growing) : 0;
      each.project->speed += each.speed;
      each.host->speed += each.speed;
      node_.speed += each.speed;
    }
  }

  static real time_to(real cap, real filled, real speed) { return speed > 0 ? (cap - filled) / speed : none; }

  [[nodiscard]] real until_next_limit() const {
    auto soonest = time_to(node_.cap, node_.filled, node_.speed);
    for (const auto& [id, project] : projects_)
      soonest = std::min(soonest, time_to(project.cap, project.filled, project.speed));
    for (const auto& [name, host] : hosts_)
      soonest = std::min(soonest, time_to(host.cap, host.filled, host.speed));
    for (const auto& each : stems_)
      soonest = std::min(soonest, time_to(each.limit, each.level, each.speed));
    return std::max<real>(soonest, 0);
  }

  /// Whoever defined `duration` is set to exactly full, so that each round ends at least one import's growth.
  static void rise(vessel& shared, real duration) {
    const auto reached = shared.speed > 0 && time_to(shared.cap, shared.filled, shared.speed) <= duration;
    shared.filled += shared.speed * duration;
    if (reached) {
      shared.filled = shared.cap;
      shared.full = true;
    }
  }

  void rise(real duration) {
    rise(node_, duration);
    for (auto& [id, project] : projects_)
      rise(project, duration);
    for (auto& [name, host] : hosts_)
      rise(host, duration);
    for (auto& each : stems_)
      if (time_to(each.limit, each.level, each.speed) <= duration)
        each.level = each.limit;
      else
        each.level += each.speed * duration;
  }

  vessel node_;
  std::map<std::string, project_vessel> projects_;
  std::map<std::string, vessel> hosts_;
  std::vector<stem> stems_;
};

std::uint64_t whole_bytes(real level) {
  constexpr auto top = static_cast<real>(unlimited_rate - 1);
  return level >= top ? unlimited_rate - 1 : static_cast<std::uint64_t>(level);
}

/// What is left of a cap in whole bytes: rounding may never add up to more than a cap.
class remainder {
 public:
  explicit remainder(real cap) : left_{cap == none ? unlimited_rate : whole_bytes(cap)}, endless_{cap == none} {}
  [[nodiscard]] std::uint64_t left() const noexcept { return left_; }
  void use(std::uint64_t bytes) noexcept {
    if (!endless_)
      left_ -= bytes;
  }

 private:
  std::uint64_t left_;
  bool endless_;
};

}  // namespace

std::vector<std::uint64_t> allocate(const bandwidth_limits& limits, const std::vector<bandwidth_claim>& claims) {
  filling vessels{limits, claims};
  vessels.fill();

  remainder node{cap_of(limits.import_max)};
  std::map<const vessel*, remainder> shared;
  std::vector<std::uint64_t> rates;
  rates.reserve(claims.size());
  for (const auto& each : vessels.stems()) {
    if (each.growing) {
      rates.push_back(unlimited_rate);
      continue;
    }
    auto& project = shared.try_emplace(each.project, remainder{each.project->cap}).first->second;
    auto& host = shared.try_emplace(each.host, remainder{each.host->cap}).first->second;
    const auto rate = std::min({whole_bytes(each.level), node.left(), project.left(), host.left()});
    node.use(rate);
    project.use(rate);
    host.use(rate);
    rates.push_back(rate);
  }
  return rates;
}

}  // namespace sluice::actors
