// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "actors/bandwidth/gate.hpp"
#include "actors/bandwidth/isolation.hpp"
#include "actors/pipeline/block_flight.hpp"
#include "persistence/blob_store.hpp"

namespace sluice::actors {

class store_engine;

/// One import's staged file and the blocks that wait to be written to it.
class store_stream {
 public:
  /// `begin`: bytes that are in the file already.
  store_stream(persistence::staged_file file, std::uint64_t begin) : file_{std::move(file)}, written_{begin} {}

  /// Both only inside a job of the engine.
  [[nodiscard]] persistence::staged_file& file() noexcept { return file_; }
  [[nodiscard]] std::uint64_t written() const noexcept { return written_; }
  /// Nothing in flight is written any more; the file begins anew at 0. Only inside a job, with nothing in flight.
  [[nodiscard]] schemas::result<void> start_over();

 private:
  friend class store_engine;
  persistence::staged_file file_;
  std::uint64_t written_;                              ///< contiguous from 0; the engine's thread alone
  bool failed_ = false;                                ///< the engine's thread alone
  std::deque<std::shared_ptr<block_flight>> pending_;  ///< guarded by the engine
  bool scheduled_ = false;                             ///< guarded by the engine
};

/// The one thread that writes images to one data directory: one request in flight at most, in order per import,
/// imports in turn, neighbouring blocks of an import joined into one request unless images are being read. It passes
/// the gate before each request. It also runs whatever else blocks on that disk (create, sync, truncate, remove,
/// publish), so that no coroutine ever does.
class store_engine {
 public:
  /// `before` outlives the engine.
  explicit store_engine(const gate& before = gate::always_open(), const isolation& protections = {});
  /// Finishes what was submitted, then joins.
  ~store_engine();
  store_engine(const store_engine&) = delete;
  store_engine& operator=(const store_engine&) = delete;

  /// Writes the block and calls `stage_done` once. Offsets of one stream are contiguous.
  void write(const std::shared_ptr<store_stream>& stream, const std::shared_ptr<block_flight>& flight);

  /// Runs `job` on the engine's thread, after what was submitted before it. `job` does not throw.
  void post(std::function<void()> job);

  /// `co_await run(job)`: what `job` returns. Not interrupted by cancellation: a job that began has an outcome.
  /// An exception of the job is thrown here. `job` is copyable.
  template <class Job>
  [[nodiscard]] boost::asio::awaitable<std::invoke_result_t<Job&>> run(Job job) {
    struct answer {
      std::optional<std::invoke_result_t<Job&>> value;
      std::exception_ptr fault;
    };
    auto answered = std::make_shared<answer>();
    std::function<void()> work = [answered, job = std::move(job)]() mutable {
      try {
        answered->value.emplace(job());
      } catch (...) {
        answered->fault = std::current_exception();
      }
    };
    auto done = completion_of(std::move(work));
    co_await std::move(done);
    if (answered->fault)
      std::rethrow_exception(answered->fault);
    co_return std::move(*answered->value);
  }

 private:
  /// Up to this many blocks a request: 1 MiB.
  static constexpr std::size_t most_joined = 4;

  /// A stream with blocks to write, or a job.
  struct item {
    std::shared_ptr<store_stream> stream;
    std::function<void()> job;
  };

  boost::asio::awaitable<void> completion_of(std::function<void()> work);
  void work();
  void write_next(const std::shared_ptr<store_stream>& stream, std::unique_lock<std::mutex>& lock);
  static schemas::result<void> write_joined(store_stream& stream,
                                            const std::deque<std::shared_ptr<block_flight>>& flights);

  const gate& gate_;
  const isolation protections_;
  std::mutex mutex_;
  std::condition_variable work_arrived_;
  std::deque<item> queue_;
  bool stopping_ = false;
  std::jthread thread_;
};

}  // namespace sluice::actors
