// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>

#include "actors/bandwidth/serving_signals.hpp"

/// A file answer whose bytes are not in the page cache would stop every other session of its loop for as long as the
/// disk takes. These few threads wait for the disk instead.
namespace sluice::http {

class read_pool {
 public:
  /// `signals` hears how long the disk takes, and outlives the pool.
  read_pool(std::size_t threads, actors::serving_signals& signals) : threads_{threads}, signals_{signals} {}
  ~read_pool() { threads_.join(); }

  /// Returns, on the caller's own loop, when the window is in the page cache (and the one behind it asked for).
  /// At most one call an answer is pending, so the queue is bounded by the connections.
  [[nodiscard]] boost::asio::awaitable<void> fetch(int fd, std::uint64_t offset, std::uint64_t length);

 private:
  boost::asio::thread_pool threads_;
  actors::serving_signals& signals_;
};

/// Are the first and last page of the window in the page cache? True also where the filesystem cannot say.
[[nodiscard]] bool is_cached(int fd, std::uint64_t offset, std::uint64_t length) noexcept;

}  // namespace sluice::http
