// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "actors/ports.hpp"
#include "actors/protocol.hpp"
#include "persistence/record_store.hpp"

namespace sluice::actors {

/// Makes changes of images atomic and ordered. Changes of one image stand in a line: the first is computed against the
/// durable record, handed to the record keeper, and answered when it is durable; only then the next is looked at, so
/// that no change is ever lost. Changes of different images share the keeper's transactions. Rules are the pure
/// functions of schemas/image_change.hpp; nothing is decided here.
///
/// Supervised by the actor tree: without it no image changes, so its death stops the service. Whoever waits then is
/// told that the service is stopping.
struct image_registry_state {
  static inline const char* name = "image-registry";
  explicit image_registry_state(image_registry_actor::pointer owner) : self(owner) {}

  image_registry_actor::behavior_type make_behavior(record_keeper_actor keeper,
                                                    const persistence::record_store* records, const wall_clock* clock);

  caf::result<schemas::image> on_create(const schemas::identity& who, schemas::image draft);
  caf::result<schemas::image> on_update(const schemas::identity& who, const std::string& image_id,
                                        const image_patch& patch);
  caf::result<schemas::image> on_act(const schemas::identity& who, const std::string& image_id,
                                     const schemas::image_action& action);
  caf::result<schemas::image_member> on_share(const schemas::identity& who, const std::string& image_id,
                                              const schemas::member_change& change);
  caf::result<schemas::image> on_move(const image_move& move);
  caf::result<schemas::image> on_remove(const schemas::identity& who, const std::string& image_id);

  /// More than this many changes under way are asked to try again.
  static constexpr std::size_t max_waiting = 4096;

  /// What a change comes to: what must become durable (nothing: it is so already), and the answer then.
  template <class Answer>
  struct decision {
    record_changes changes;
    Answer answer;
  };
  /// One change in the line of its image.
  struct waiting_change {
    std::function<schemas::result<record_changes>()> decide;
    std::function<void(const caf::error&)> answer;  ///< with no error: it is durable
  };

  /// Puts a change at the end of its image's line.
  template <class Answer>
  caf::result<Answer> in_turn(const std::string& image_id, std::function<schemas::result<decision<Answer>>()> decide);
  /// A change of a record that is there.
  caf::result<schemas::image> change_image(const std::string& image_id,
                                           std::function<schemas::result<void>(schemas::image&)> make,
                                           std::vector<schemas::image_import> with = {},
                                           std::uint64_t project_quota = 0);
  /// Decides the first changes of a line until one has to be written.
  void advance(const std::string& image_id);
  void settle(const std::string& image_id, const caf::error& outcome);
  [[nodiscard]] bool is_member(const schemas::identity& who, const std::string& image_id) const;
  void on_exit(const caf::error& reason);

  image_registry_actor::pointer self;
  record_keeper_actor keeper;
  const persistence::record_store* records = nullptr;
  const wall_clock* clock = nullptr;
  std::map<std::string, std::deque<waiting_change>> lines;  ///< by image id; no line is empty
  std::size_t waiting = 0;                                  ///< in all lines
};

image_registry_actor::behavior_type image_registry(image_registry_actor::stateful_pointer<image_registry_state> self,
                                                   record_keeper_actor keeper, const persistence::record_store* records,
                                                   const wall_clock* clock);

}  // namespace sluice::actors
