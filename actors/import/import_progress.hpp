// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace sluice::actors {

/// `converting`: `bytes` are on the disk, and how many there will be nobody knows; `digesting`: what was made is read.
enum class import_phase : std::uint8_t { waiting, resuming, fetching, verifying, converting, digesting, publishing };
/// What the import waits for most at the moment.
/// `bandwidth` is a configured limit, `serving` the images that are being read meanwhile, `share` the other projects.
enum class import_limit : std::uint8_t { unknown, queue, source, bandwidth, serving, share, digest, disk };
inline constexpr std::size_t import_limit_count = 8;

/// How far one import is. Written by its pipeline, read by anybody: chunks are never messages.
struct import_progress {
  std::atomic<import_phase> phase{import_phase::waiting};
  std::atomic<import_limit> limited_by{import_limit::unknown};
  std::atomic<std::uint64_t> bytes{0};  ///< received so far, the resumed prefix included
  std::atomic<std::uint64_t> total{0};  ///< 0 = not announced
  std::atomic<std::uint64_t> rate{0};   ///< bytes per second, smoothed over about 3 s
};

/// Where the progress of live imports is found by id. Written by supervisors, read by HTTP.
class progress_board {
 public:
  [[nodiscard]] std::shared_ptr<import_progress> add(const std::string& import_id) {
    const std::lock_guard guard{mutex_};
    auto& slot = board_[import_id];
    if (!slot)
      slot = std::make_shared<import_progress>();
    return slot;
  }
  void remove(const std::string& import_id) {
    const std::lock_guard guard{mutex_};
    board_.erase(import_id);
  }
  /// Null when that import is not live.
  [[nodiscard]] std::shared_ptr<const import_progress> find(const std::string& import_id) const {
    const std::lock_guard guard{mutex_};
    const auto found = board_.find(import_id);
    return found == board_.end() ? nullptr : found->second;
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<import_progress>> board_;
};

}  // namespace sluice::actors
