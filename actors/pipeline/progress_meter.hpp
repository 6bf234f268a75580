// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "actors/import/import_progress.hpp"

namespace sluice::actors {

/// Turns what a pipeline sees into what people see: a rate smoothed over about 3 s, and what it waited for most since
/// the last look. Used on one thread; time is given, never asked for.
class progress_meter {
 public:
  using clock = std::chrono::steady_clock;

  explicit progress_meter(std::shared_ptr<import_progress> shown) : shown_{std::move(shown)} {}

  /// So many bytes of the image are here, the resumed prefix included.
  void received(std::uint64_t bytes) noexcept;
  /// The pipeline begins and ends to wait. One wait at a time.
  void begin_wait(import_limit why, clock::time_point now) noexcept;
  void end_wait(clock::time_point now) noexcept;
  /// The wait that is on turned out to be for something else.
  void relabel_wait(import_limit why) noexcept;
  /// About every quarter of a second: publishes rate and limit.
  void tick(clock::time_point now) noexcept;
  /// The next bytes are not news: the rate begins anew from `bytes`.
  void restart(std::uint64_t bytes, clock::time_point now) noexcept;

 private:
  struct wait {
    import_limit why;
    clock::time_point since;
  };

  std::shared_ptr<import_progress> shown_;
  std::uint64_t bytes_ = 0;
  std::uint64_t ticked_bytes_ = 0;
  std::optional<clock::time_point> ticked_at_;
  double rate_ = 0;
  bool has_rate_ = false;
  std::optional<wait> waiting_;
  std::array<clock::duration, import_limit_count> waited_{};  ///< by import_limit
};

/// Marks a wait for as long as it lives.
class wait_mark {
 public:
  wait_mark(progress_meter& meter, import_limit why) : meter_{meter} {
    meter_.begin_wait(why, progress_meter::clock::now());
  }
  ~wait_mark() { meter_.end_wait(progress_meter::clock::now()); }
  void was(import_limit why) { meter_.relabel_wait(why); }
  wait_mark(const wait_mark&) = delete;
  wait_mark& operator=(const wait_mark&) = delete;

 private:
  progress_meter& meter_;
};

}  // namespace sluice::actors
