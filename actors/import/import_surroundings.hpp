// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "actors/conversion/conversion.hpp"
#include "actors/metrics/metrics.hpp"
#include "actors/pipeline/import_job.hpp"
#include "actors/ports.hpp"
#include "actors/protocol.hpp"
#include "actors/uploads/pushed_body.hpp"
#include "persistence/blob_store.hpp"
#include "persistence/record_store.hpp"
#include "schemas/configuration.hpp"

namespace sluice::actors {

/// Blocking file work (fsync, rename, unlink) leaves the actors' threads through this; order is kept.
class blocking_work {
 public:
  virtual ~blocking_work() = default;
  virtual void post(std::function<void()> work) = 0;
};

/// Everything that imports work with. Outlives the actor system; the handles are copied into it by sluiced.cpp.
struct import_surroundings {
  const persistence::record_store& records;
  persistence::blob_store& blobs;
  import_runner& runner;
  blocking_work& files;
  progress_board& progress;
  const wall_clock& clock;
  schemas::imports_configuration limits;  ///< of imports that start with this copy
  service_metrics& metrics = service_metrics::unobserved();
  verifier_actor verifier{};              ///< set by the actor tree
  image_registry_actor images{};          ///< set by the actor tree
  const upload_board* uploads = nullptr;  ///< what is being pushed; null = nothing
  image_conversion* converter = nullptr;  ///< null: images stay what they are
};

}  // namespace sluice::actors
