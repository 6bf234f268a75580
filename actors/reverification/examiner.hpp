// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "actors/bandwidth/gate.hpp"
#include "actors/metrics/metrics.hpp"
#include "actors/reverification/reverification_report.hpp"
#include "actors/verification/checks/check.hpp"
#include "persistence/blob_store.hpp"
#include "persistence/record_store.hpp"

namespace sluice::actors {

/// Looks at stored images, one at a time.
class image_examiner {
 public:
  image_examiner() = default;
  image_examiner(const image_examiner&) = delete;
  image_examiner& operator=(const image_examiner&) = delete;
  virtual ~image_examiner() = default;

  /// The ids of all images that have bytes. `on_end` is called exactly once, from any thread; so below.
  virtual void list(std::function<void(std::vector<std::string>)> on_end) = 0;
  virtual void examine(const std::string& image_id, std::function<void(examination)> on_end) = 0;
  /// What is in hand ends soon, as unknown.
  virtual void cancel() = 0;
  /// Bytes read back since the service started.
  [[nodiscard]] virtual std::uint64_t bytes() const noexcept = 0;
};

/// The bytes against the record's digests, read from the disk itself by a thread of the lowest priority, which passes
/// the gate before each block; then the walk through the format's tables.
class stored_image_examiner final : public image_examiner {
 public:
  struct surroundings {
    const persistence::record_store& records;
    const persistence::blob_store& blobs;
    check& structure;
    const gate& before = gate::always_open();
    service_metrics& metrics = service_metrics::unobserved();
  };

  /// What is referred to outlives this.
  explicit stored_image_examiner(surroundings around);
  /// What is in hand ends as unknown.
  ~stored_image_examiner() override;

  void list(std::function<void(std::vector<std::string>)> on_end) override;
  void examine(const std::string& image_id, std::function<void(examination)> on_end) override;
  void cancel() override;
  [[nodiscard]] std::uint64_t bytes() const noexcept override { return bytes_.load(std::memory_order_relaxed); }

 private:
  void live();
  void post(std::function<void()> work);
  [[nodiscard]] bool stopped();
  [[nodiscard]] examination look_at(const std::string& image_id);
  [[nodiscard]] examination compare(const schemas::image& record, persistence::unique_fd file);
  [[nodiscard]] examination walk(const schemas::image& record, persistence::unique_fd file);

  const surroundings around_;
  std::atomic<std::uint64_t> bytes_{0};
  std::mutex mutex_;
  std::condition_variable stirred_;
  struct job {
    std::function<void()> run;
    std::uint64_t cancels = 0;  ///< how often had been cancelled when it was posted
  };
  std::deque<job> work_;       ///< guarded
  std::uint64_t cancels_ = 0;  ///< guarded
  std::uint64_t in_hand_ = 0;  ///< guarded: `cancels` of the job in hand
  bool stopping_ = false;      ///< guarded
  std::thread thread_;
};

}  // namespace sluice::actors
