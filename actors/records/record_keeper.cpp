// SPDX-License-Identifier: Apache-2.0
#include "actors/records/record_keeper.hpp"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

namespace sluice::actors {

using schemas::error_code;
using schemas::failure;

namespace {

persistence::change_set to_change_set(record_changes& changes) {
  persistence::change_set set;
  for (auto& record : changes.put_imports)
    set.emplace_back(persistence::put_import{std::move(record)});
  for (auto& id : changes.erase_imports)
    set.emplace_back(persistence::erase_import{std::move(id)});
  for (auto& record : changes.put_images)
    set.emplace_back(persistence::put_image{std::move(record), changes.project_quota});
  for (auto& id : changes.erase_images)
    set.emplace_back(persistence::erase_image{std::move(id)});
  for (auto& record : changes.put_members)
    set.emplace_back(persistence::put_member{std::move(record)});
  for (auto& key : changes.erase_members)
    set.emplace_back(persistence::erase_member{std::move(key)});
  for (auto& record : changes.put_metadefs)
    set.emplace_back(persistence::put_metadef{std::move(record)});
  for (auto& gone : changes.erase_metadefs)
    set.emplace_back(persistence::erase_metadef{std::move(gone)});
  return set;
}

}  // namespace

record_keeper_actor::behavior_type record_keeper_state::make_behavior(persistence::record_store* records,
                                                                      commit_observer observer) {
  store = records;
  observed = std::move(observer);
  self->set_exit_handler([this](caf::exit_msg& stop) {
    on_flush();
    self->quit(std::move(stop.reason));
  });
  return {
      [this](commit_atom, record_changes& changes) { return on_commit(changes); },
      [this](flush_atom) { on_flush(); },
  };
}

caf::result<done_atom> record_keeper_state::on_commit(record_changes& changes) {
  if (sets.size() >= max_waiting)
    return to_error(failure{error_code::overloaded, "Too many changes are waiting to be written. Try again."});
  if (sets.empty())
    self->send(self, flush_atom_v);  // behind everything that is in the mailbox already: that is the group
  sets.push_back(to_change_set(changes));
  promises.push_back(self->make_response_promise<done_atom>());
  return promises.back();
}

void record_keeper_state::on_flush() {
  if (sets.empty())
    return;
  const auto writing = std::exchange(sets, {});
  auto waiting = std::exchange(promises, {});
  const auto began = std::chrono::steady_clock::now();
  const auto outcomes = store->commit(writing);
  const auto taken = std::count_if(outcomes.begin(), outcomes.end(), [](const auto& each) { return each.has_value(); });
  if (observed)
    observed(std::chrono::steady_clock::now() - began, writing.size(),
             writing.size() - static_cast<std::size_t>(taken));
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    if (i < outcomes.size() && outcomes[i].has_value())
      waiting[i].deliver(done_atom_v);
    else
      waiting[i].deliver(to_error(i < outcomes.size()
                                      ? outcomes[i].error()
                                      : failure{error_code::store_failed, "The record was not written."}));
  }
  spdlog::debug("records committed sets={}", writing.size());
}

record_keeper_actor::behavior_type record_keeper(record_keeper_actor::stateful_pointer<record_keeper_state> self,
                                                 persistence::record_store* records, commit_observer observer) {
  return self->state.make_behavior(records, std::move(observer));
}

}  // namespace sluice::actors
