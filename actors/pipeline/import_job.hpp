// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "actors/import/import_progress.hpp"
#include "schemas/failure.hpp"
#include "schemas/image_import.hpp"

namespace sluice::actors {

/// What one run of the pipeline is to do: fetch, digest, inspect and stage one import, from `record.durable_bytes` on.
struct import_job {
  schemas::image_import record;
  std::shared_ptr<import_progress> progress;
};

/// What a restart needs, reported about once a second at most, after the bytes before `durable_bytes` are synced.
struct import_checkpoint {
  std::uint64_t durable_bytes = 0;
  std::string validator;
  std::optional<std::uint64_t> total;

  friend bool operator==(const import_checkpoint&, const import_checkpoint&) = default;
};

/// How a run ended. Exactly one of `facts` (all bytes durable, digests and inspection agree), `why` (it failed) or
/// neither (it was stopped; the last checkpoint holds).
struct import_outcome {
  std::optional<schemas::content_facts> facts;
  std::optional<schemas::failure> why;
};

/// The two things a run says. Called from its own thread; they only send a message on.
struct import_listener {
  std::function<void(import_checkpoint)> on_checkpoint;
  std::function<void(import_outcome)> on_end;  ///< exactly once, and nothing after it
};

/// Runs pipelines. An actor starts and stops them by id and never waits.
class import_runner {
 public:
  virtual ~import_runner() = default;
  virtual void start(import_job job, import_listener listener) = 0;
  /// Asks the run to stop at the next block; it syncs, reports a last checkpoint and ends with neither facts nor why.
  virtual void stop(const std::string& import_id) = 0;
};

}  // namespace sluice::actors
