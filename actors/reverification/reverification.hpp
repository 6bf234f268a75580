// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/metrics/metrics.hpp"
#include "actors/ports.hpp"
#include "actors/protocol.hpp"
#include "actors/reverification/examiner.hpp"
#include "persistence/record_store.hpp"

namespace sluice::actors {

/// What re-verification works with; all of it outlives the actor system.
struct reverification_surroundings {
  image_examiner& examiner;
  const persistence::record_store& records;
  const wall_clock& clock;
  service_metrics& metrics = service_metrics::unobserved();
  bool quarantine = false;        ///< damaged images are deactivated
  image_registry_actor images{};  ///< set by the actor tree
};

/// Looks at every stored image again when the operator asks for it, one after the other. It changes nothing, but may
/// have a damaged image deactivated. What it found is kept until the next run; a service that starts anew has none, and
/// runs nothing by itself.
struct reverification_actor_state {
  static inline const char* name = "reverification";
  explicit reverification_actor_state(reverification_actor::pointer owner) : self(owner) {}

  reverification_actor::behavior_type make_behavior(reverification_surroundings surroundings);

  caf::result<reverification_report> on_start(const std::string& image_id);
  void on_listed(std::uint64_t of, const image_ids& listed);
  void on_examined(std::uint64_t of, const std::string& image_id, const examination& found);
  caf::result<reverification_report> on_cancel();
  caf::result<done_atom> on_pause();

  void next();
  void end(reverification_state how);
  void keep(const std::string& image_id, const examination& found);
  void deactivate(const std::string& image_id);
  void answer_pause_when_idle();
  [[nodiscard]] reverification_report report_now() const;

  reverification_actor::pointer self;
  std::unique_ptr<reverification_surroundings> around;
  reverification_report report;
  std::uint64_t run = 0;  ///< the one in hand; 0 between runs
  std::uint64_t runs = 0;
  std::uint64_t bytes_before = 0;
  std::deque<std::string> waiting;
  bool at_work = false;  ///< the examiner has something in hand
  bool pausing = false;
  std::vector<caf::typed_response_promise<done_atom>> pausers;
};

reverification_actor::behavior_type reverification(
    reverification_actor::stateful_pointer<reverification_actor_state> self, reverification_surroundings around);

}  // namespace sluice::actors
