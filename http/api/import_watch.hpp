// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "http/api/service.hpp"
#include "http/server/event_loop.hpp"

namespace sluice::http {

/// Wakes a waiter when an import changes. The question stands with the supervisor and is withdrawn when the watch
/// ends, so that a client who went away, or a stop of the service, leaves nothing waiting. It only hastens: who waits
/// still looks at the record from time to time, so a lost answer costs a moment and never a change.
class import_watch {
 public:
  using clock = std::chrono::steady_clock;

  import_watch(const service_parts& parts, std::string import_id, waiter& target);
  import_watch(const import_watch&) = delete;
  import_watch& operator=(const import_watch&) = delete;
  ~import_watch();

  /// Asks, unless a question stands already or the last answer was too recent. Returns until when it is worth waiting
  /// for the answer: at most `longest_blindness` from now, sooner when nothing was asked.
  clock::time_point arm();
  /// How long a change can stay unseen when the actors' word of it is lost.
  static constexpr std::chrono::seconds longest_blindness{1};

 private:
  struct bridge;
  const service_parts& parts_;
  std::string import_id_;
  std::shared_ptr<bridge> bridge_;
  caf::actor asking_;
};

}  // namespace sluice::http
