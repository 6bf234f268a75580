// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <vector>

#include "actors/protocol.hpp"
#include "persistence/record_store.hpp"

namespace sluice::actors {

/// Told of each transaction, on the keeper's thread: how long it took until it was durable, how many changes it held,
/// and how many of them were refused.
using commit_observer = std::function<void(std::chrono::nanoseconds, std::size_t, std::size_t)>;

/// The only writer of records, on a thread of its own (`caf::detached`). Group commit: what arrives while one
/// transaction is being synced is made durable by the next, so a hundred waiting callers cost one fdatasync. A promise
/// is kept before it dies: an exit commits what was collected and answers everybody.
struct record_keeper_state {
  static inline const char* name = "record-keeper";
  explicit record_keeper_state(record_keeper_actor::pointer owner) : self(owner) {}

  record_keeper_actor::behavior_type make_behavior(persistence::record_store* records, commit_observer observer);

  caf::result<done_atom> on_commit(record_changes& changes);
  void on_flush();

  /// More than this many callers in one transaction are asked to try again.
  static constexpr std::size_t max_waiting = 8192;

  record_keeper_actor::pointer self;
  persistence::record_store* store = nullptr;
  commit_observer observed;
  std::vector<persistence::change_set> sets;
  std::vector<caf::typed_response_promise<done_atom>> promises;
};

record_keeper_actor::behavior_type record_keeper(record_keeper_actor::stateful_pointer<record_keeper_state> self,
                                                 persistence::record_store* records, commit_observer observer);

}  // namespace sluice::actors
