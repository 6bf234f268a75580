// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "actors/bandwidth/throttle.hpp"
#include "actors/pipeline/block_pool.hpp"
#include "actors/pipeline/digest_engine.hpp"
#include "actors/pipeline/import_job.hpp"
#include "actors/pipeline/import_run.hpp"
#include "actors/pipeline/pipeline_options.hpp"
#include "actors/pipeline/store_engine.hpp"
#include "actors/ports.hpp"
#include "persistence/blob_store.hpp"

namespace sluice::actors {

/// Moves the bytes of all imports of one node, with threads of its own below those that serve: one for the sockets of
/// sources, one for the disk, digest threads as many as cores, and memory fixed at the start.
class pipeline_runner final : public import_runner {
 public:
  /// What is referred to outlives the runner.
  pipeline_runner(byte_source_factory& sources, persistence::blob_store& blobs, throttle_board& throttles,
                  pipeline_options options);
  /// Shuts down.
  ~pipeline_runner() override;
  pipeline_runner(const pipeline_runner&) = delete;
  pipeline_runner& operator=(const pipeline_runner&) = delete;

  /// From any thread. A second start of an import that still runs ends at once with `conflict`; after a shutdown,
  /// with neither facts nor why.
  void start(import_job job, import_listener listener) override;
  /// From any thread; an import that does not run is none to stop.
  void stop(const std::string& import_id) override;

  /// From any thread: retries, deadline, patience and sizes of the runs that start from now on. Memory stays as it is.
  void configure(const schemas::imports_configuration& imports);

  /// Stops every run durably and waits for their ends, at most `options.stop_grace`; a source that does not let go
  /// within it is abandoned, and its run ends without a word. May be repeated.
  void shutdown();

  /// Where runs live: one thread.
  [[nodiscard]] boost::asio::any_io_executor executor() noexcept { return context_.get_executor(); }
  /// For other work that blocks on the same disk, such as publishing.
  [[nodiscard]] store_engine& store() noexcept { return *store_; }
  [[nodiscard]] const block_pool& blocks() const noexcept { return blocks_; }

 private:
  void begin(import_job job, import_listener listener);
  bool is_closed();
  void gone(const std::string& import_id);

  [[nodiscard]] pipeline_options options_now();

  std::mutex options_mutex_;
  pipeline_options options_;  ///< `imports` guarded, the rest as it was at the start
  byte_source_factory& sources_;
  persistence::blob_store& blobs_;
  throttle_board& throttles_;

  // Destroyed from the bottom up: first the threads, then the coroutines that are left, last what those hold.
  block_pool blocks_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> stay_{context_.get_executor()};
  std::unordered_map<std::string, std::shared_ptr<import_run>> runs_;  ///< on the executor alone

  std::mutex ending_mutex_;
  std::condition_variable run_ended_;
  std::size_t running_ = 0;  ///< started or about to; guarded
  bool closed_ = false;      ///< guarded

  std::unique_ptr<digest_engine> digests_;
  std::unique_ptr<store_engine> store_;
  std::jthread thread_;
};

}  // namespace sluice::actors
