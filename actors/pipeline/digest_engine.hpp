// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "actors/pipeline/block_flight.hpp"
#include "actors/pipeline/lanes.hpp"

namespace sluice::actors {

class digest_engine;

/// The lanes of one import, and what waits for each.
class digest_stream {
 public:
  /// The lanes belong to whoever made them and outlive every flight; between flights they may be touched.
  explicit digest_stream(std::vector<lane*> lanes);
  [[nodiscard]] unsigned lane_count() const noexcept { return static_cast<unsigned>(tracks_.size()); }

 private:
  friend class digest_engine;
  struct track {
    lane* consumer = nullptr;
    std::deque<std::shared_ptr<block_flight>> pending;
    bool scheduled = false;  ///< in the engine's queue, or in a thread
    bool failed = false;     ///< what comes after a failure only counts down; used by the thread that has the lane
  };
  std::vector<track> tracks_;  ///< `pending` and `scheduled` are guarded by the engine
};

/// The threads that hash and inspect, shared by all imports: as many as cores in all, never per import, SCHED_IDLE, so
/// that hashing uses every cycle that serving leaves and none that it wants.
///
/// There is one queue, of lanes that have a block ready, served round robin, one block a turn. Imports
/// get equal turns, the lanes of one import run beside each other on different cores (md5 beside SHA-512), and
/// because every ready lane of every import stands in the same place, a thread can take several lanes of the same kind
/// in one turn and hash them together where the machine can do so.
///
/// Bounded by its feeders: an import has no more blocks in flight than the pipeline allows it.
class digest_engine {
 public:
  explicit digest_engine(unsigned threads = std::thread::hardware_concurrency());
  /// Finishes what was submitted, then joins.
  ~digest_engine();
  digest_engine(const digest_engine&) = delete;
  digest_engine& operator=(const digest_engine&) = delete;

  /// Every lane of `stream` will see `flight`, after all that were submitted before, and call `stage_done` once.
  void submit(const std::shared_ptr<digest_stream>& stream, const std::shared_ptr<block_flight>& flight);

 private:
  struct ready_lane {
    std::shared_ptr<digest_stream> stream;
    std::size_t index = 0;
  };

  void work(std::unique_lock<std::mutex>& lock);
  static bool process(lane& consumer, block_flight& flight) noexcept;

  std::mutex mutex_;
  std::condition_variable work_arrived_;
  std::deque<ready_lane> ready_;
  bool stopping_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace sluice::actors
