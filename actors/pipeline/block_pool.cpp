// SPDX-License-Identifier: Apache-2.0
#include "actors/pipeline/block_pool.hpp"

#include <sys/mman.h>

#include <new>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include "actors/pipeline/wake_signal.hpp"

namespace sluice::actors {

namespace {

std::byte* map_arena(std::size_t bytes) {
  // Untouched pages cost nothing: an idle service does not hold the whole pool.
  void* const begin = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (begin == MAP_FAILED)
    throw std::bad_alloc{};
  return static_cast<std::byte*>(begin);
}

}  // namespace

/// One coroutine that waits. `granted` and `waiting` are guarded by the pool's mutex.
struct block_pool::waiter {
  explicit waiter(const boost::asio::any_io_executor& where) : executor{where}, wake{where} {}
  boost::asio::any_io_executor executor;
  wake_signal wake;
  block_handle granted;
  bool waiting = true;
};

block_handle::block_handle(block_handle&& other) noexcept
    : pool_{std::exchange(other.pool_, nullptr)}, data_{std::exchange(other.data_, nullptr)} {}

block_handle& block_handle::operator=(block_handle&& other) noexcept {
  if (this != &other) {
    reset();
    pool_ = std::exchange(other.pool_, nullptr);
    data_ = std::exchange(other.data_, nullptr);
  }
  return *this;
}

void block_handle::reset() noexcept {
  if (data_ != nullptr)
    std::exchange(pool_, nullptr)->release(std::exchange(data_, nullptr));
}

std::span<std::byte> block_handle::bytes() const noexcept {
  return {data_, data_ == nullptr ? 0 : block_pool::block_size};
}

void block_pool::arena_deleter::operator()(std::byte* begin) const noexcept {
  munmap(begin, bytes);
}

block_pool::block_pool(std::size_t count)
    : count_{count}, arena_{map_arena(count * block_size), arena_deleter{count * block_size}} {
  free_.reserve(count);
  for (auto index = count; index > 0; --index)
    free_.push_back(arena_.get() + (index - 1) * block_size);
}

block_pool::~block_pool() = default;

boost::asio::awaitable<block_handle> block_pool::acquire() {
  const boost::asio::any_io_executor executor = co_await boost::asio::this_coro::executor;
  std::shared_ptr<waiter> self;
  {
    const std::lock_guard guard{mutex_};
    if (!free_.empty()) {
      // The block used last is the one most likely still in a cache.
      block_handle taken{*this, free_.back()};
      free_.pop_back();
      co_return taken;
    }
    self = std::make_shared<waiter>(executor);
    waiters_.push_back(self);
  }
  // However this coroutine ends, it leaves the queue; a block granted meanwhile goes to the next.
  struct leaving {
    block_pool& pool;
    const std::shared_ptr<waiter>& self;
    ~leaving() { pool.forget(self); }
  } const on_exit{*this, self};

  for (;;) {
    {
      const std::lock_guard guard{mutex_};
      if (self->granted)
        co_return std::move(self->granted);
    }
    co_await self->wake.wait();
  }
}

void block_pool::forget(const std::shared_ptr<waiter>& gone) {
  block_handle unused;  // returned after the lock is given up
  const std::lock_guard guard{mutex_};
  if (gone->waiting)
    std::erase(waiters_, gone);
  gone->waiting = false;
  unused = std::move(gone->granted);
}

std::size_t block_pool::free_count() const {
  const std::lock_guard guard{mutex_};
  return free_.size();
}

void block_pool::release(std::byte* data) noexcept {
  std::shared_ptr<waiter> next;
  {
    const std::lock_guard guard{mutex_};
    if (waiters_.empty()) {
      free_.push_back(data);  // within the capacity reserved at the start
      return;
    }
    next = std::move(waiters_.front());
    waiters_.pop_front();
    next->waiting = false;
    next->granted = block_handle{*this, data};
  }
  const auto executor = next->executor;
  boost::asio::post(executor, [waiter = std::move(next)] { waiter->wake.notify(); });
}

}  // namespace sluice::actors
