// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace sluice::actors {

/// How many imports may run and wait.
struct admission_limits {
  std::uint32_t max_running = 8;
  std::uint32_t max_running_per_project = 4;
  std::uint32_t max_waiting_per_project = 100;
  std::uint32_t max_waiting = 100'000;  ///< of all projects together: the queue itself is bounded
};

/// Who runs next: one queue a project. A free slot goes to the project that has the fewest imports running, and to the
/// projects in turn where they have as many. However many imports one project has waiting, or however many of its
/// sources stall, another project's single import gets the next slot that is free. Pure; no clock, no actor.
class fair_queue {
 public:
  explicit fair_queue(admission_limits limits) : limits_{limits} {}

  /// From now on; who runs or waits beyond the new limits stays where it is.
  void configure(admission_limits limits) noexcept { limits_ = limits; }

  enum class reservation : std::uint8_t { taken, project_full, all_full };
  /// A place at the end of the project's queue. A place that was reserved twice is one place.
  [[nodiscard]] reservation reserve(const std::string& import_id, const std::string& project_id);
  /// The import is ready to run as soon as its turn comes. Takes a place, over any limit, when it has none.
  void enter(const std::string& import_id, const std::string& project_id);
  /// The import is over or withdrawn, whether it ran, waited or never entered.
  void leave(const std::string& import_id);
  /// Grants one slot: the import that runs from now on, or nothing when no slot is free or nobody may run.
  [[nodiscard]] std::optional<std::string> grant();

  /// 1 = next in turn; 0 = not waiting.
  [[nodiscard]] std::uint64_t position(const std::string& import_id) const;
  [[nodiscard]] std::size_t running() const noexcept { return running_; }
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_; }

 private:
  enum class place : std::uint8_t { reserved, waiting, running };
  struct entry {
    std::string project_id;
    place where = place::reserved;
  };
  struct project {
    std::deque<std::string> queue;  ///< in order of reservation; some not yet entered
    std::uint32_t running = 0;
  };

  void forget_if_idle(const std::string& project_id);

  admission_limits limits_;
  std::unordered_map<std::string, entry> entries_;
  std::unordered_map<std::string, project> projects_;
  std::deque<std::string> turn_;  ///< projects in order of their turn
  std::size_t running_ = 0;
  std::size_t waiting_ = 0;
};

}  // namespace sluice::actors
