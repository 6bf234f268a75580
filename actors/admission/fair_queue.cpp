// SPDX-License-Identifier: Apache-2.0
#include "actors/admission/fair_queue.hpp"

#include <algorithm>

namespace sluice::actors {

fair_queue::reservation fair_queue::reserve(const std::string& import_id, const std::string& project_id) {
  if (entries_.contains(import_id))
    return reservation::taken;
  if (waiting_ >= limits_.max_waiting)
    return reservation::all_full;
  const auto found = projects_.find(project_id);
  if (found != projects_.end() && found->second.queue.size() >= limits_.max_waiting_per_project)
    return reservation::project_full;
  if (found == projects_.end())
    turn_.push_back(project_id);
  projects_[project_id].queue.push_back(import_id);
  entries_.emplace(import_id, entry{project_id, place::reserved});
  ++waiting_;
  return reservation::taken;
}

void fair_queue::enter(const std::string& import_id, const std::string& project_id) {
  if (!entries_.contains(import_id)) {
    if (!projects_.contains(project_id))
      turn_.push_back(project_id);
    projects_[project_id].queue.push_back(import_id);
    entries_.emplace(import_id, entry{project_id, place::reserved});
    ++waiting_;
  }
  auto& subject = entries_.at(import_id);
  if (subject.where == place::reserved)
    subject.where = place::waiting;
}

void fair_queue::leave(const std::string& import_id) {
  const auto found = entries_.find(import_id);
  if (found == entries_.end())
    return;
  const auto project_id = found->second.project_id;
  auto& owner = projects_.at(project_id);
  if (found->second.where == place::running) {
    --owner.running;
    --running_;
  } else {
    std::erase(owner.queue, import_id);
    --waiting_;
  }
  entries_.erase(found);
  forget_if_idle(project_id);
}

std::optional<std::string> fair_queue::grant() {
  if (running_ >= limits_.max_running)
    return std::nullopt;
  const auto is_ready = [this](const std::string& id) { return entries_.at(id).where == place::waiting; };
  auto next = turn_.end();
  std::uint32_t fewest = limits_.max_running_per_project;
  for (auto turn = turn_.begin(); turn != turn_.end(); ++turn) {
    const auto& candidate = projects_.at(*turn);
    if (candidate.running >= fewest || std::ranges::none_of(candidate.queue, is_ready))
      continue;
    next = turn;
    fewest = candidate.running;
  }
  if (next == turn_.end())
    return std::nullopt;
  auto& chosen = projects_.at(*next);
  const auto ready = std::ranges::find_if(chosen.queue, is_ready);
  auto import_id = std::move(*ready);
  chosen.queue.erase(ready);
  entries_.at(import_id).where = place::running;
  ++chosen.running;
  ++running_;
  --waiting_;
  auto project_id = std::move(*next);
  turn_.erase(next);
  turn_.push_back(std::move(project_id));
  return import_id;
}

std::uint64_t fair_queue::position(const std::string& import_id) const {
  const auto found = entries_.find(import_id);
  if (found == entries_.end() || found->second.where == place::running)
    return 0;
  const auto& own = projects_.at(found->second.project_id).queue;
  const auto rounds = static_cast<std::size_t>(std::find(own.begin(), own.end(), import_id) - own.begin());
  // It has its turn when its project runs `level` imports; before it come those of each other project that find theirs
  // with fewer, and with as many where that project's turn is earlier.
  const auto level = projects_.at(found->second.project_id).running + rounds;
  auto before = rounds;
  bool earlier = true;
  for (const auto& project_id : turn_) {
    if (project_id == found->second.project_id) {
      earlier = false;
      continue;
    }
    const auto& other = projects_.at(project_id);
    const auto until = level + (earlier ? 1 : 0);
    before += std::min<std::size_t>(other.queue.size(), until - std::min<std::size_t>(until, other.running));
  }
  return before + 1;
}

void fair_queue::forget_if_idle(const std::string& project_id) {
  const auto& subject = projects_.at(project_id);
  if (!subject.queue.empty() || subject.running > 0)
    return;
  std::erase(turn_, project_id);
  projects_.erase(project_id);
}

}  // namespace sluice::actors
