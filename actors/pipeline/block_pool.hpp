// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include <boost/asio/awaitable.hpp>

namespace sluice::actors {

class block_pool;

/// One block out of the pool. It goes back when the handle is reset or destroyed, on any thread.
class block_handle {
 public:
  block_handle() = default;
  block_handle(block_handle&& other) noexcept;
  block_handle& operator=(block_handle&& other) noexcept;
  ~block_handle() { reset(); }

  void reset() noexcept;
  [[nodiscard]] explicit operator bool() const noexcept { return data_ != nullptr; }
  /// The whole block: block_pool::block_size bytes, aligned for O_DIRECT.
  [[nodiscard]] std::span<std::byte> bytes() const noexcept;

 private:
  friend class block_pool;
  block_handle(block_pool& pool, std::byte* data) noexcept : pool_{&pool}, data_{data} {}

  block_pool* pool_ = nullptr;
  std::byte* data_ = nullptr;
};

/// All memory that the bytes of imports ever occupy: a fixed number of aligned blocks, allocated once. An import waits
/// for a block, it never allocates one. Whoever waits longest is served first.
class block_pool {
 public:
  static constexpr std::size_t block_size = 256 << 10;

  /// `count` ≥ 1. Throws std::bad_alloc when the machine has not that much memory.
  explicit block_pool(std::size_t count);
  /// Every handle has been returned before.
  ~block_pool();
  block_pool(const block_pool&) = delete;
  block_pool& operator=(const block_pool&) = delete;

  /// Waits for a block. The coroutine's executor must be serial (one thread, or a strand). Cancelled, it throws
  /// operation_aborted, and the block it may have been given meanwhile goes to the next that waits.
  [[nodiscard]] boost::asio::awaitable<block_handle> acquire();

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] std::size_t free_count() const;

 private:
  friend class block_handle;
  struct waiter;
  struct arena_deleter {
    std::size_t bytes;
    void operator()(std::byte* begin) const noexcept;
  };

  void release(std::byte* data) noexcept;
  void forget(const std::shared_ptr<waiter>& gone);

  std::size_t count_;
  std::unique_ptr<std::byte, arena_deleter> arena_;
  mutable std::mutex mutex_;
  std::vector<std::byte*> free_;
  std::deque<std::shared_ptr<waiter>> waiters_;  ///< only while `free_` is empty
};

}  // namespace sluice::actors
