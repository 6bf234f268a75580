// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/metrics/metrics.hpp"
#include "actors/protocol.hpp"
#include "actors/verification/checks/check.hpp"
#include "persistence/blob_store.hpp"

namespace sluice::actors {

/// What the verifier works with; all of it outlives the actor system.
struct verification_surroundings {
  const persistence::blob_store& blobs;
  std::vector<check*> checks;  ///< in the order in which they run
  unsigned most_running = 2;   ///< images under judgement at once; more than cores makes none of them faster
  service_metrics& metrics = service_metrics::unobserved();
};

/// Judges staged images: each check in turn, a bounded number of images at a time, the others in the order in which
/// they came. Holds no image longer than its import asks for it: a cancelled one ends at once, its child killed.
///
/// It keeps nothing: should it die, the service stops, and its next start verifies again what was `verifying`.
struct verifier_state {
  static inline const char* name = "verifier";
  explicit verifier_state(verifier_actor::pointer owner) : self(owner) {}

  verifier_actor::behavior_type make_behavior(verification_surroundings surroundings);

  caf::result<verification_report> on_verify(const verification_request& request);
  void on_cancel(const std::string& import_id);
  void on_judged(const std::string& import_id, std::uint64_t round, const check_report& report);
  caf::result<done_atom> on_pause();

  void begin_next();
  void start_check(const std::string& import_id);
  void finish(const std::string& import_id, schemas::failure why);
  void answer_pause_when_idle();

  struct verification {
    verification_request request;
    caf::typed_response_promise<verification_report> promise;
    verification_report report;
    std::shared_ptr<const persistence::unique_fd> file;
    std::size_t next_check = 0;
    std::uint64_t round = 0;  ///< of the check that runs; 0 while it waits for its turn
    std::function<void()> stop;
    std::chrono::steady_clock::time_point check_began{};
    bool cancelled = false;
  };

  verifier_actor::pointer self;
  std::unique_ptr<verification_surroundings> around;
  std::map<std::string, verification> known;  ///< by import
  std::deque<std::string> waiting;            ///< never more than there are imports with a slot, or taken up at a start
  std::size_t running = 0;
  std::uint64_t rounds = 0;
  bool beginning = false;
  bool pausing = false;
  std::vector<caf::typed_response_promise<done_atom>> pausers;
};

verifier_actor::behavior_type verifier(verifier_actor::stateful_pointer<verifier_state> self,
                                       verification_surroundings around);

}  // namespace sluice::actors
