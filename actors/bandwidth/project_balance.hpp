// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sluice::actors {

/// The imports of one project, as they did since the last look.
struct project_use {
  std::string project_id;
  double weight = 1;
  double rate = 0;                ///< bytes per second, of all its imports together
  bool short_of_machine = false;  ///< one of them waits for processor or disk: it would take more
  bool waits_for_share = false;   ///< one of them waits in its throttle
};

/// Shares out the machine itself, where no configured limit does. Processor and disk serve import by import, so that
/// a project with sixteen imports would get sixteen times what a project with one gets; here the project with the
/// least for its weight sets a ceiling for those with more, for as long as it is the machine that it is short of. What
/// slower sources leave is everybody's (work-conserving): a project that waits for its source sets no ceiling.
///
/// A single import cannot be spread over the machine as many can, so that evenness has a price. Where it would be more
/// than half of what the machine did before, the ceiling stays above. Pure but for its own memory.
class project_balance {
 public:
  /// Ten times a second.
  void look(const std::vector<project_use>& uses);
  /// Bytes per second for all imports of that project; empty: whatever they can use.
  [[nodiscard]] std::optional<std::uint64_t> cap_of(const std::string& project_id) const;
  [[nodiscard]] bool holds_anybody() const noexcept { return !held_.empty(); }

 private:
  void release(const std::vector<project_use>& uses);
  [[nodiscard]] static double level(const project_use& use) noexcept { return use.rate / use.weight; }
  [[nodiscard]] bool holds(const project_use& use) const { return held_.contains(use.project_id); }
  [[nodiscard]] double least_ceiling(const std::vector<project_use>& uses) const;

  std::map<std::string, double> held_;  ///< project id → weight
  double ceiling_ = 0;                  ///< bytes per second for a weight of one; counts while anybody is held
  double unheld_rate_ = 0;              ///< of all projects together, before anybody was held
};

}  // namespace sluice::actors
