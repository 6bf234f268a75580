// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/import/import_surroundings.hpp"
#include "actors/protocol.hpp"

namespace sluice::actors {

/// Accepts imports and watches over those that live. An image_import that dies before its end is started again from its
/// durable record after a pause that doubles, and is failed when it keeps dying: its user gets an answer either way.
/// Supervised by sluiced.cpp: its death stops the service, whose next start takes up every live import.
struct import_supervisor_state {
  static inline const char* name = "import-supervisor";
  explicit import_supervisor_state(import_supervisor_actor::pointer owner) : self(owner) {}

  import_supervisor_actor::behavior_type make_behavior(record_keeper_actor keeper, admission_actor admission,
                                                       import_surroundings around);

  caf::result<schemas::image_import> on_create(schemas::image_import draft);
  caf::result<done_atom> on_cancel(const schemas::identity& who, const std::string& import_id);
  caf::result<schemas::image_import> on_release(const schemas::image_import& wish);
  caf::result<done_atom> on_image_removed(const std::string& image_id);
  caf::result<std::uint64_t> on_watch(const std::string& import_id, std::uint64_t seen);
  caf::result<std::uint64_t> on_position(const std::string& import_id);
  std::uint64_t on_recover();
  caf::result<done_atom> on_pause();
  void erase(const std::string& import_id, caf::typed_response_promise<done_atom> promise);
  void on_down(const caf::down_msg& down);
  void restart(const std::string& import_id);
  void give_up(schemas::image_import record);
  /// Makes a new import durable, with what it does to the image that it fills.
  void write_new(const schemas::image_import& draft, std::function<void()> then,
                 std::function<void(const caf::error&)> refused);
  /// Makes a failed import durable; its image, if it fills one that is still there, goes back to queued.
  void write_last(const schemas::image_import& record, bool with_image);
  void spawn_import(const schemas::image_import& record);
  void answer_pause_when_empty();

  /// Deaths after which an import is failed instead of started again.
  static constexpr unsigned max_deaths = 3;

  import_supervisor_actor::pointer self;
  record_keeper_actor keeper;
  admission_actor admission;
  std::unique_ptr<import_surroundings> around;
  std::map<std::string, image_import_actor> live;
  std::map<caf::actor_addr, std::string> ids;
  std::map<std::string, std::string> filling;  ///< live imports by the image that they fill
  std::map<std::string, unsigned> deaths;
  bool pausing = false;
  std::size_t being_created = 0;
  std::vector<caf::typed_response_promise<done_atom>> pausers;
};

import_supervisor_actor::behavior_type import_supervisor(
    import_supervisor_actor::stateful_pointer<import_supervisor_state> self, record_keeper_actor keeper,
    admission_actor admission, import_surroundings around);

}  // namespace sluice::actors
