// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "actors/pipeline/block_pool.hpp"
#include "schemas/failure.hpp"

namespace sluice::actors {

enum class stage : std::uint8_t { digest, store };

/// What an import wants to know of its blocks. Called on the threads of the stages.
class flight_observer {
 public:
  virtual ~flight_observer() = default;
  /// One of its flights has passed all its stages, and its block is back in the pool.
  virtual void flight_landed() noexcept = 0;
  /// A stage refused the bytes or broke. Called at most once a stage, before the landing.
  virtual void stage_failed(schemas::failure why) noexcept = 0;
};

/// One block on its way through the stages that work on it at the same time (digests, inspection, store). The last one
/// to finish returns the block to the pool. Written before take-off, only read by the stages.
class block_flight {
 public:
  /// `stages` ≥ 1 calls of `stage_done` will come. `offset` is the place of the bytes in the image.
  block_flight(std::shared_ptr<flight_observer> observer, block_handle block, std::uint64_t offset, std::size_t length,
               unsigned stages)
      : observer_{std::move(observer)},
        block_{std::move(block)},
        bytes_{length > 0 ? block_.bytes().first(length) : std::span<std::byte>{}},
        offset_{offset},
        remaining_{stages} {}
  /// Over memory that whoever launched it keeps until it has landed; empty for the last.
  block_flight(std::shared_ptr<flight_observer> observer, std::span<const std::byte> borrowed, unsigned stages)
      : observer_{std::move(observer)}, bytes_{borrowed}, offset_{0}, remaining_{stages} {}

  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
  [[nodiscard]] std::size_t length() const noexcept { return bytes_.size(); }
  [[nodiscard]] std::uint64_t end() const noexcept { return offset_ + bytes_.size(); }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }
  /// Nothing follows: lanes finish. Such a flight carries no block.
  [[nodiscard]] bool is_last() const noexcept { return bytes_.empty(); }

  void stage_failed(schemas::failure why) noexcept { observer_->stage_failed(std::move(why)); }
  void stage_done(stage which) noexcept {
    if (remaining_.fetch_sub(1, std::memory_order_acq_rel) > 1)
      return;
    block_.reset();
    slowest_ = which;
    landed_.store(true, std::memory_order_release);
    observer_->flight_landed();
  }

  [[nodiscard]] bool landed() const noexcept { return landed_.load(std::memory_order_acquire); }
  /// After the landing: the stage that all others waited for.
  [[nodiscard]] stage slowest() const noexcept { return slowest_; }

 private:
  std::shared_ptr<flight_observer> observer_;
  block_handle block_;
  std::span<const std::byte> bytes_;
  std::uint64_t offset_;
  std::atomic<unsigned> remaining_;
  stage slowest_ = stage::digest;
  std::atomic<bool> landed_{false};
};

}  // namespace sluice::actors
