// SPDX-License-Identifier: Apache-2.0
// What `[bandwidth]` cannot mean: the rules behind its part of `validate`.
#include <array>
#include <cmath>
#include <utility>

#include "schemas/configuration_checks.hpp"
#include "schemas/json_value.hpp"
#include "schemas/units.hpp"

namespace sluice::schemas::configuration_checks {
namespace {

constexpr std::array known_profiles{"serve-first", "balanced", "import-first", "custom"};
constexpr std::uint64_t gate_block_step = 4 << 10;    ///< what O_DIRECT can write
constexpr std::uint64_t gate_block_most = 256 << 10;  ///< one block of the pipeline
constexpr double lightest = 0.001;
constexpr double heaviest = 1000;

/// "01:00 to 05:00".
std::string in_words(const bandwidth_schedule_entry& entry) {
  return spell_clock(entry.from) + " to " + spell_clock(entry.to);
}

/// Does `entry` hold at `minute`? Entries may pass midnight.
bool holds_at(const bandwidth_schedule_entry& entry, std::chrono::minutes minute) {
  if (entry.from < entry.to)
    return entry.from <= minute && minute < entry.to;
  return entry.from <= minute || minute < entry.to;
}

/// Two spans of a day meet when one begins within the other.
bool overlap(const bandwidth_schedule_entry& one, const bandwidth_schedule_entry& other) {
  return holds_at(one, other.from) || holds_at(other, one.from);
}

result<void> check_schedule(const std::vector<bandwidth_schedule_entry>& schedule) {
  constexpr std::string_view key = "bandwidth.schedule";
  for (std::size_t i = 0; i < schedule.size(); ++i) {
    const auto at = '/' + std::to_string(i);
    if (auto checked = check_word(key, schedule[i].profile, known_profiles, at + "/profile"); !checked)
      return checked;
    if (schedule[i].from == schedule[i].to)
      return refuse_key(key, "expected from and to to differ, got the same time of day", at);
    for (std::size_t earlier = 0; earlier < i; ++earlier)
      if (schedule[earlier].profile != schedule[i].profile && overlap(schedule[earlier], schedule[i]))
        return refuse_key(key,
                          "expected one profile at any time of day, got " + in_quotes(schedule[earlier].profile) +
                              " from " + in_words(schedule[earlier]) + " (entry " + std::to_string(earlier + 1) +
                              ") and " + in_quotes(schedule[i].profile) + " from " + in_words(schedule[i]) +
                              " (entry " + std::to_string(i + 1) + ')',
                          at);
  }
  return {};
}

/// A cap below the trickle contradicts it: the one says at most, the other at least. The cap is named, as the trickle
/// may be nobody's words but the default.
result<void> check_room(std::string_view key, bytes_per_second cap, bytes_per_second trickle,
                        std::string_view below = {}) {
  if (cap == 0 || cap >= trickle)
    return {};
  return refuse_key(key,
                    "expected at least bandwidth.trickle (" + in_quotes(spell_rate(trickle)) +
                        "), which every import gets, got " + in_quotes(spell_rate(cap)),
                    below);
}

result<void> check_projects(const bandwidth_configuration& bandwidth) {
  constexpr std::string_view key = "bandwidth.projects";
  for (const auto& [id, project] : bandwidth.projects) {
    const auto at = json_pointer({}, id);
    if (!(project.weight > 0) || !std::isfinite(project.weight))
      return refuse_key(
          key, "expected a weight above zero for project " + in_quotes(id) + ", got " + std::to_string(project.weight),
          at + "/weight");
    if (project.weight < lightest || project.weight > heaviest)
      return refuse_key(key,
                        "expected a weight from 0.001 to 1000 for project " + in_quotes(id) + ", got " +
                            std::to_string(project.weight),
                        at + "/weight");
    if (auto checked = check_room(key, project.max, bandwidth.trickle, at + "/max"); !checked)
      return checked;
  }
  return {};
}

result<void> check_gate_block(std::uint64_t bytes) {
  constexpr std::string_view key = "bandwidth.gate_block";
  if (auto checked = check_positive(key, bytes); !checked)
    return checked;
  if (bytes % gate_block_step == 0 && bytes <= gate_block_most)
    return {};
  return refuse_key(key, "expected a multiple of 4KiB up to 256KiB, got " + in_quotes(spell_size(bytes)));
}

}  // namespace

result<void> check_bandwidth(const bandwidth_configuration& bandwidth) {
  if (auto checked = check_word("bandwidth.profile", bandwidth.profile, known_profiles); !checked)
    return checked;
  if (!(bandwidth.starved_percent >= 0 && bandwidth.starved_percent <= 100))
    return refuse_key("bandwidth.starved_percent",
                      "expected a percentage from 0 to 100, got " + std::to_string(bandwidth.starved_percent));
  const auto trickle = bandwidth.trickle;
  return first_refusal({
      check_positive("bandwidth.trickle", trickle),
      check_positive("bandwidth.serve_target", bandwidth.serve_target),
      check_positive("bandwidth.in_flight", bandwidth.in_flight),
      check_gate_block(bandwidth.gate_block),
      check_schedule(bandwidth.schedule),
      check_room("bandwidth.link", bandwidth.link, trickle),
      check_room("bandwidth.import_max", bandwidth.import_max, trickle),
      check_room("bandwidth.per_project_max", bandwidth.per_project_max, trickle),
      check_room("bandwidth.per_import_max", bandwidth.per_import_max, trickle),
      check_room("bandwidth.per_source_host_max", bandwidth.per_source_host_max, trickle),
      check_projects(bandwidth),
  });
}

}  // namespace sluice::schemas::configuration_checks
