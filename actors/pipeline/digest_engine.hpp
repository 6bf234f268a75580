// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "actors/bandwidth/gate.hpp"
#include "actors/pipeline/block_flight.hpp"
#include "actors/pipeline/lanes.hpp"
#include "actors/pipeline/ready_lanes.hpp"

namespace sluice::actors {

class digest_engine;
class starvation_watch;

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
    // Used by the thread that has the lane:
    bool failed = false;    ///< what comes after a failure only counts down
    std::size_t eaten = 0;  ///< bytes of its block that it has seen
  };
  std::vector<track> tracks_;  ///< `pending` and `scheduled` are guarded by the engine
};

struct digest_engine_options {
  unsigned threads = std::thread::hardware_concurrency();
  const gate* serving_gate = nullptr;  ///< passed every `block()` bytes of work, outlives the engine; null: always open
  bool idle_class = true;              ///< else the threads are of the normal class, and none guarantees the least
};

/// The threads that hash and inspect, shared by all imports: as many as cores in all, never per import, SCHED_IDLE, so
/// that hashing uses every cycle that serving leaves and none that it wants.
///
/// There is one order, of lanes that have a block ready, served round robin, one block a turn. Imports
/// get equal turns, and the lanes of one import run beside each other on different cores (md5 beside SHA-512). Lanes of
/// the same kind that are ready at the same time are hashed together, up to sixteen a turn, at a quarter of the cost.
///
/// Beside a program that takes every core, threads of the idle class get nothing. One more thread, of the normal class
/// at niceness 19, sees to the least: while they starve (`starvation_watch`) it takes up to a twentieth of one core.
///
/// Bounded by its feeders: an import has no more blocks in flight than the pipeline allows it.
class digest_engine {
 public:
  explicit digest_engine(digest_engine_options options = {});
  /// Finishes what was submitted, then joins.
  ~digest_engine();
  digest_engine(const digest_engine&) = delete;
  digest_engine& operator=(const digest_engine&) = delete;

  /// Every lane of `stream` will see `flight`, after all that were submitted before, and call `stage_done` once.
  void submit(const std::shared_ptr<digest_stream>& stream, const std::shared_ptr<block_flight>& flight);

 private:
  /// What one thread has in hand.
  struct turn {
    std::vector<ready_lane> lanes;
    std::vector<std::shared_ptr<block_flight>> flights;  ///< one for each lane; null: done with
    bool may_be_cut = false;                             ///< leaves what is not done to the guarantee when it is needed
  };

  void work(bool probes);
  void probe() const noexcept;
  void guarantee();
  [[nodiscard]] bool look_after(starvation_watch& watch);

  // Under the lock:
  void make_ready(ready_lane lane);
  void take(turn& mine);
  void put_back(turn& mine);
  // Without it:
  void run(turn& mine) noexcept;
  void run_alone(digest_stream::track& track, block_flight& flight, bool may_be_cut) noexcept;
  void run_together(const turn& mine) noexcept;

  gate always_open_;
  const gate& gate_;
  std::mutex mutex_;
  std::condition_variable work_arrived_;
  std::condition_variable guarantee_wakes_;
  ready_lanes ready_;
  std::size_t scheduled_ = 0;     ///< lanes that are ready or in a thread
  std::size_t waiting_ = 0;       ///< threads without work
  bool guarantee_rests_ = false;  ///< until there is work
  bool guarantee_ends_ = false;
  bool stopping_ = false;
  std::atomic<bool> starved_{false};  ///< the threads of the idle class leave the lanes to the guarantee
  std::vector<std::jthread> threads_;
  std::jthread guarantee_;
};

}  // namespace sluice::actors
