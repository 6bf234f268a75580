// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <caf/all.hpp>

#include "actors/bandwidth/serving_signals.hpp"
#include "actors/import/import_progress.hpp"
#include "actors/metrics/exposition.hpp"
#include "actors/protocol.hpp"
#include "actors/uploads/pushed_body.hpp"
#include "http/server/limits.hpp"
#include "http/tokens/caller_tokens.hpp"
#include "http/tokens/token_validator.hpp"
#include "persistence/blob_store.hpp"
#include "persistence/record_store.hpp"
#include "schemas/configuration.hpp"
#include "schemas/failure.hpp"
#include "schemas/live_configuration.hpp"

namespace sluice::http {

/// What the API stands on; sluiced.cpp makes all of it and lets it live longer than the server. Reads go straight to
/// the records and the blobs; everything that changes something is asked of an actor.
struct service_parts {
  caf::actor_system& system;
  actors::import_supervisor_actor imports;
  actors::lifetime_actor lifetime;
  const persistence::record_store& records;
  const persistence::blob_store& blobs;
  const actors::progress_board& progress;
  const schemas::configuration& configuration;  ///< as it was at the start
  actors::serving_signals& signals;             ///< told how serving fares
  actors::record_keeper_actor keeper;           ///< asked whether it answers, nothing else
  actors::bandwidth_supervisor_actor bandwidth;
  schemas::live_configuration& live;
  actors::service_metrics& metrics;
  std::function<void(actors::exposed_facts&)> sample;  ///< fills in what only sluiced.cpp can reach; may be empty
  token_validator* tokens = nullptr;                   ///< who validates tokens; needed in mode "keystone" alone
  actors::image_registry_actor images{};               ///< makes every change of an image
  actors::upload_board* uploads = nullptr;  ///< where sessions push what is uploaded; null: uploads are refused
  actors::reverification_actor reverifications{};
  caller_tokens* lent_tokens = nullptr;  ///< where imports find the tokens that callers lend them
};

/// The API and the operator's port. Constructed, it does nothing; started, it serves until `stop`.
class api_server {
 public:
  explicit api_server(service_parts parts, server_limits limits = {});
  ~api_server();
  api_server(const api_server&) = delete;
  api_server& operator=(const api_server&) = delete;

  /// Fails when an address cannot be listened on, TLS files cannot be used, or the authentication mode is one that this
  /// version cannot enforce. `loops` threads serve the API; 0 = one a core.
  [[nodiscard]] schemas::result<void> start(std::size_t loops = 0);
  [[nodiscard]] const std::string& api_endpoint() const noexcept;       ///< http://127.0.0.1:9292
  [[nodiscard]] const std::string& operator_endpoint() const noexcept;  ///< http://127.0.0.1:9293
  /// See server::stop: image reads finish within `grace`, everything else ends now. Stop before the actors, or after
  /// they were told to pause: both orders end.
  void stop(std::chrono::milliseconds grace);

 private:
  class implementation;
  std::unique_ptr<implementation> implementation_;
};

}  // namespace sluice::http
