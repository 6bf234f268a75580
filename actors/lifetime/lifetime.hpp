// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>

#include "actors/import/import_surroundings.hpp"
#include "actors/protocol.hpp"

namespace sluice::actors {

/// Ends lives on time: the record of a finished import vanishes at its expires-by, an image at its owner's word (first
/// the image registry erases the record, durably, then the bytes go: a crash in between leaves bytes that the next
/// start sweeps, never a record without bytes). Supervised by sluiced.cpp: its death stops the service.
struct lifetime_state {
  static inline const char* name = "lifetime";
  explicit lifetime_state(lifetime_actor::pointer owner) : self(owner) {}

  lifetime_actor::behavior_type make_behavior(record_keeper_actor keeper, image_registry_actor images,
                                              import_supervisor_actor imports, import_surroundings around);

  caf::result<done_atom> on_remove(const schemas::identity& who, const std::string& image_id);
  void free_bytes(const std::string& image_id);
  void on_freed(const std::string& image_id);
  void on_tick(std::uint64_t generation);
  void arm();
  void erase_expired();

  /// How late an expired record may be gone.
  static constexpr caf::timespan interval = std::chrono::seconds{1};
  /// Records erased in one transaction.
  static constexpr std::uint32_t batch = 256;

  lifetime_actor::pointer self;
  record_keeper_actor keeper;
  image_registry_actor images;
  import_supervisor_actor imports;
  std::unique_ptr<import_surroundings> around;
  std::uint64_t generation = 0;
  bool erasing = false;
  std::multimap<std::string, caf::typed_response_promise<done_atom>> being_freed;  ///< by image id
};

lifetime_actor::behavior_type lifetime(lifetime_actor::stateful_pointer<lifetime_state> self,
                                       record_keeper_actor keeper, image_registry_actor images,
                                       import_supervisor_actor imports, import_surroundings around);

}  // namespace sluice::actors
