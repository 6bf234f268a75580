// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

namespace sluice::actors {

/// What one import's pipeline waits on before it reads from its source. The bandwidth supervisor sets the
/// rate; taking tokens costs no message. A rate of `unlimited` never waits, a rate of 0 waits until it changes.
///
/// A token bucket: it starts empty and holds at most max(256 KiB, 100 ms of the rate), so an import that was held up
/// elsewhere cannot burst past its share by more than that.
class throttle {
 public:
  static constexpr std::uint64_t unlimited = ~std::uint64_t{0};

  throttle(std::string import_id, std::string project_id, std::string source_host);

  /// Waits until `bytes` may be read. Follows a change of rate within 100 ms. Ends at once, with an exception of
  /// operation_aborted, when the coroutine is cancelled. One coroutine at a time, always the same.
  [[nodiscard]] boost::asio::awaitable<void> take(std::uint64_t bytes);
  /// Gives back what was taken and not used (a short read). Called by the one that takes.
  void give_back(std::uint64_t bytes) noexcept;

  /// Bytes per second from now on.
  void set_rate(std::uint64_t bytes_per_second) noexcept;
  [[nodiscard]] std::uint64_t rate() const noexcept;
  /// Bytes taken in all: what the supervisor measures demand by.
  [[nodiscard]] std::uint64_t taken() const noexcept;
  /// True while a reader waits in `take`, or has waited since the last call: it could use more.
  [[nodiscard]] bool was_hungry() noexcept;

  [[nodiscard]] const std::string& import_id() const noexcept { return import_id_; }
  [[nodiscard]] const std::string& project_id() const noexcept { return project_id_; }
  [[nodiscard]] const std::string& source_host() const noexcept { return source_host_; }

 private:
  using clock = std::chrono::steady_clock;
  std::string import_id_, project_id_, source_host_;
  std::atomic<std::uint64_t> rate_{unlimited};
  std::atomic<std::uint64_t> taken_{0};
  std::atomic<bool> hungry_{false};
  std::atomic<bool> waiting_{false};
  double tokens_ = 0;  ///< owned by the one coroutine that takes
  clock::time_point filled_at_{};
};

/// Throttles of live pipelines: the pipelines add theirs, the supervisor looks them all over.
class throttle_board {
 public:
  [[nodiscard]] std::shared_ptr<throttle> add(std::string import_id, std::string project_id, std::string source_host);
  void remove(const std::shared_ptr<throttle>& gone);
  [[nodiscard]] std::vector<std::shared_ptr<throttle>> all() const;
  /// What a throttle that is added starts with, so that no import runs free until the first look-over.
  void set_initial_rate(std::uint64_t bytes_per_second) noexcept;

 private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<throttle>> throttles_;
  std::atomic<std::uint64_t> initial_rate_{throttle::unlimited};
};

}  // namespace sluice::actors
