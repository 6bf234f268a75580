// SPDX-License-Identifier: Apache-2.0
#include "actors/pipeline/pipeline_runner.hpp"

#include <exception>
#include <utility>

#include <spdlog/spdlog.h>
#include <boost/asio/post.hpp>

#include "actors/pipeline/thread_class.hpp"

namespace sluice::actors {

namespace {

unsigned digest_threads(const pipeline_options& options) {
  return options.digest_threads > 0 ? options.digest_threads : std::thread::hardware_concurrency();
}

}  // namespace

pipeline_runner::pipeline_runner(byte_source_factory& sources, persistence::blob_store& blobs,
                                 throttle_board& throttles, pipeline_options options)
    : options_{std::move(options)},
      sources_{sources},
      blobs_{blobs},
      throttles_{throttles},
      blocks_{options_.pool_size()},
      digests_{std::make_unique<digest_engine>(
          digest_engine_options{digest_threads(options_), options_.before, options_.protections.idle_class})},
      store_{std::make_unique<store_engine>(options_.entrance(), options_.protections)},
      thread_{[this] {
        name_this_thread("transfer");
        if (options_.protections.low_threads)
          lower_this_thread_by(lowest_niceness);
        context_.run();
      }} {}

pipeline_runner::~pipeline_runner() {
  shutdown();
  context_.stop();
  if (thread_.joinable())
    thread_.join();
  // Now nothing submits; what is in the engines touches blocks and runs that are all still there.
  digests_.reset();
  store_.reset();
  runs_.clear();
}

void pipeline_runner::start(import_job job, import_listener listener) {
  auto refused = false;
  {
    const std::lock_guard guard{ending_mutex_};
    refused = closed_;
    if (!refused)
      ++running_;
  }
  if (refused) {
    listener.on_end(import_outcome{});
    return;
  }
  boost::asio::post(context_, [this, job = std::move(job), listener = std::move(listener)]() mutable {
    begin(std::move(job), std::move(listener));
  });
}

void pipeline_runner::begin(import_job job, import_listener listener) {
  const auto id = job.record.id;
  import_outcome refusal;
  if (is_closed()) {
    spdlog::info("pipeline: task={} not started, the service stops", id);
  } else if (runs_.contains(id)) {
    refusal.why.emplace(schemas::error_code::conflict, "This import runs already. Wait for its end.");
  } else {
    try {
      const pipeline_parts parts{options_now(), sources_,  blobs_,  throttles_,
                                 blocks_,       *digests_, *store_, [this] { return runs_.size(); }};
      auto run = std::make_shared<import_run>(parts, context_.get_executor(), std::move(job), listener,
                                              [this, id] { gone(id); });
      runs_.emplace(id, run);
      run->start();
      return;
    } catch (const std::exception& fault) {
      spdlog::error("pipeline: task={} could not start: {}", id, fault.what());
      runs_.erase(id);
      refusal.why.emplace(schemas::error_code::internal_error,
                          "The service could not start the import. Import it again.");
    }
  }
  listener.on_end(std::move(refusal));
  const std::lock_guard guard{ending_mutex_};
  --running_;
  run_ended_.notify_all();
}

void pipeline_runner::configure(const schemas::imports_configuration& imports) {
  const std::lock_guard guard{options_mutex_};
  options_.imports = imports;
}

pipeline_options pipeline_runner::options_now() {
  const std::lock_guard guard{options_mutex_};
  auto options = options_;
  options.blocks = blocks_.count();  // what there is, whatever max_running would have made it
  return options;
}

bool pipeline_runner::is_closed() {
  const std::lock_guard guard{ending_mutex_};
  return closed_;
}

void pipeline_runner::gone(const std::string& import_id) {
  runs_.erase(import_id);
  const std::lock_guard guard{ending_mutex_};
  --running_;
  run_ended_.notify_all();
}

void pipeline_runner::stop(const std::string& import_id) {
  boost::asio::post(context_, [this, import_id] {
    if (const auto found = runs_.find(import_id); found != runs_.end())
      found->second->stop();
  });
}

void pipeline_runner::shutdown() {
  {
    const std::lock_guard guard{ending_mutex_};
    closed_ = true;
  }
  boost::asio::post(context_, [this] {
    // A run that ends at once takes itself out of the map.
    const auto stopping = runs_;
    for (const auto& [id, run] : stopping)
      run->stop();
  });
  std::unique_lock lock{ending_mutex_};
  if (!run_ended_.wait_for(lock, options_.stop_grace, [this] { return running_ == 0; }))
    spdlog::error("pipeline: {} imports did not stop in time; they go on from their last checkpoint", running_);
}

}  // namespace sluice::actors
