// SPDX-License-Identifier: Apache-2.0
// The part of the bandwidth supervisor that says what is in force and why.
#include <algorithm>
#include <map>
#include <utility>

#include "actors/bandwidth/bandwidth_supervisor.hpp"

namespace sluice::actors {

const char* bandwidth_supervisor_state::limit_of(const account& one) const {
  if (one.allowed == unlimited_rate)
    return "";
  if (static_cast<double>(one.allowed) > 1.1 * one.rate && one.demand != unlimited_rate)
    return "";
  if (one.why == throttle_reason::share)
    return "share";
  switch (allowed == unlimited_rate || (policy.limits.import_max != 0 && policy.limits.import_max <= allowed)
              ? governor_reason::none
              : governing.reason()) {
    case governor_reason::serving: return "serving";
    case governor_reason::link: return "link";
    case governor_reason::none: break;
  }
  return "bandwidth";
}

bandwidth_report bandwidth_supervisor_state::report() {
  const auto running = around->throttles.all();
  const auto whole = [](double rate) { return static_cast<std::uint64_t>(std::max(0.0, rate)); };
  bandwidth_report out;
  out.profile = profile;
  out.configured = policy.profile;
  out.link = policy.link;
  out.capacity = governing.capacity();
  out.allowed = policy.limits.import_max == 0 ? allowed : std::min(allowed, policy.limits.import_max);
  out.import_rate = whole(import_rate);
  out.serve_rate = whole(serve_rate);
  out.in_hand = around->signals.pressure.in_hand.load(std::memory_order_relaxed);
  out.holds = governing.holds();
  out.cuts = governing.cuts();
  if (out.allowed != unlimited_rate)
    out.limited_by = out.allowed < allowed                            ? "import_max"
                     : governing.reason() == governor_reason::link    ? "link"
                     : governing.reason() == governor_reason::serving ? "serving"
                                                                      : "";
  for (std::size_t i = 0; i < serving_signal_count; ++i) {
    const auto signal = static_cast<serving_signal>(i);
    const bool percent = signal == serving_signal::starved;
    signal_report one;
    one.name = to_string(signal);
    one.value = governing.value(signal) / (percent ? 1 : 1000);
    one.target = governing.target(signal) / (percent ? 1 : 1000);
    one.cuts = governing.cuts(signal);
    one.unit = percent ? "percent" : "microseconds";
    out.signals.push_back(std::move(one));
  }
  for (std::size_t i = 0; i < governing.classes().size() && i < governing.shares().size(); ++i) {
    const auto& known = governing.classes()[i];
    class_report one;
    one.name = known.name;
    one.reservation = known.reservation;
    one.weight = known.weight;
    one.limit = known.limit;
    one.rate = known.name == "import" ? out.import_rate : out.serve_rate;
    // Nothing ever holds serving back; what it may have is what it takes.
    one.allowed = known.name == "serve" ? unlimited_rate : out.allowed;
    out.classes.push_back(std::move(one));
  }
  std::map<std::string, project_report> projects;
  for (const auto& one : running) {
    const auto known = accounts.find(one->import_id());
    const auto entry = known == accounts.end() ? account{} : known->second;
    running_import_report import;
    import.import_id = one->import_id();
    import.project_id = one->project_id();
    import.source_host = one->source_host();
    import.rate = whole(entry.rate);
    import.allowed = entry.allowed;
    import.limited_by = limit_of(entry);
    auto& project = projects[one->project_id()];
    project.rate += import.rate;
    ++project.running;
    out.imports.push_back(std::move(import));
  }
  for (const auto& share : policy.limits.projects) {
    projects[share.project_id].weight = share.weight;
    projects[share.project_id].max = share.max;
  }
  for (auto& [id, project] : projects) {
    project.project_id = id;
    if (project.max == 0)
      project.max = policy.limits.per_project_max;
    out.projects.push_back(std::move(project));
  }
  return out;
}

}  // namespace sluice::actors
