// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>

namespace sluice::actors {

/// Do the threads of the idle class get the processor at all? Beside programs that want every core they starve, which
/// is right while those are our own serving threads, and wrong for ever. They count as starved after two seconds with
/// work to do, less than 1 % of a core, and serving not short of anything, and until they get that much again.
///
/// Time is given, never asked for: the same observations give the same answer.
class starvation_watch {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::milliseconds patience{2000};
  static constexpr std::chrono::milliseconds enough{patience / 100};  ///< processor time within `patience`

  struct observation {
    bool has_work = false;
    bool serving_is_short = false;               ///< such time does not count: what serving takes, it may take
    std::chrono::nanoseconds processor_time{0};  ///< of all the watched threads since their start
  };

  /// At any interval, with time that does not go back. Returns whether they starve now.
  bool observe(time_point now, const observation& seen) noexcept {
    const auto passed = now - last_.value_or(now);
    if (!last_)
      begin_window(seen);
    last_ = now;
    if (!seen.has_work || seen.processor_time - at_begin_ >= enough) {
      starved_ = false;
      begin_window(seen);
    } else if (!seen.serving_is_short && (waited_ += passed) >= patience) {
      starved_ = true;
      begin_window(seen);
    }
    return starved_;
  }

 private:
  void begin_window(const observation& seen) noexcept {
    waited_ = {};
    at_begin_ = seen.processor_time;
  }

  std::optional<time_point> last_;
  std::chrono::nanoseconds waited_{0};
  std::chrono::nanoseconds at_begin_{0};
  bool starved_ = false;
};

}  // namespace sluice::actors
