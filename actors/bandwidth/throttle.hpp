// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "actors/bandwidth/gate.hpp"

namespace sluice::actors {

/// Why an import is held to its rate: a configured limit, images that are being read, or because its project has had
/// its share of the machine and others are short of theirs.
enum class throttle_reason : std::uint8_t { limit, serving, share };

/// What one import's pipeline waits on before it reads from its source: first the gate, which is closed while serving
/// has something in hand, then its own rate. The bandwidth supervisor sets the rate; taking tokens costs no message. A
/// rate of `unlimited` never waits, a rate of 0 waits until it changes; a higher rate wakes who waits.
///
/// A token bucket: it starts empty and holds at most max(256 KiB, 100 ms of the rate), so an import that was held up
/// elsewhere cannot burst past its share by more than that.
class throttle : public std::enable_shared_from_this<throttle> {
 public:
  static constexpr std::uint64_t unlimited = ~std::uint64_t{0};

  /// `before` outlives the throttle.
  throttle(std::string import_id, std::string project_id, std::string source_host,
           const gate& before = gate::always_open());

  /// Waits until `bytes` may be read. Ends at once, with an exception of
  /// operation_aborted, when the coroutine is cancelled. One coroutine at a time, always the same.
  [[nodiscard]] boost::asio::awaitable<void> take(std::uint64_t bytes);
  /// Gives back what was taken and not used (a short read). Called by the one that takes.
  void give_back(std::uint64_t bytes) noexcept;

  /// Bytes per second from now on.
  void set_rate(std::uint64_t bytes_per_second) noexcept;
  [[nodiscard]] std::uint64_t rate() const noexcept;
  /// See gate::in_flight.
  [[nodiscard]] std::chrono::nanoseconds in_flight() const noexcept { return gate_.in_flight(); }
  /// Why the rate is what it is.
  void set_reason(throttle_reason why) noexcept { reason_.store(why, std::memory_order_relaxed); }
  [[nodiscard]] throttle_reason reason() const noexcept { return reason_.load(std::memory_order_relaxed); }
  /// The pipeline says a few times a second whether processor or disk is what it waits for most.
  void set_short_of_machine(bool so) noexcept { short_of_machine_.store(so, std::memory_order_relaxed); }
  [[nodiscard]] bool short_of_machine() const noexcept { return short_of_machine_.load(std::memory_order_relaxed); }
  /// Bytes taken in all: what the supervisor measures demand by.
  [[nodiscard]] std::uint64_t taken() const noexcept;
  /// True while a reader waits in `take`, or has waited since the last call: it could use more.
  [[nodiscard]] bool was_hungry() noexcept;

  [[nodiscard]] const std::string& import_id() const noexcept { return import_id_; }
  [[nodiscard]] const std::string& project_id() const noexcept { return project_id_; }
  [[nodiscard]] const std::string& source_host() const noexcept { return source_host_; }

 private:
  using clock = std::chrono::steady_clock;

  [[nodiscard]] boost::asio::awaitable<void> pass_gate();
  /// Returns after `pause`, or when a higher rate wakes it.
  [[nodiscard]] boost::asio::awaitable<void> rest(std::chrono::microseconds pause);

  std::string import_id_, project_id_, source_host_;
  const gate& gate_;
  std::atomic<std::uint64_t> rate_{unlimited};
  std::atomic<std::uint64_t> taken_{0};
  std::atomic<throttle_reason> reason_{throttle_reason::limit};
  std::atomic<bool> short_of_machine_{false};
  std::atomic<bool> hungry_{false};
  std::atomic<bool> waiting_{false};
  std::mutex executor_mutex_;
  boost::asio::any_io_executor executor_;  ///< of the one that takes; set at its first wait

  // Owned by the one coroutine that takes.
  double tokens_ = 0;
  boost::asio::steady_timer* resting_ = nullptr;
  clock::time_point filled_at_{};
};

/// Throttles of live pipelines: the pipelines add theirs, the supervisor looks them all over.
class throttle_board {
 public:
  /// No gate: always open.
  throttle_board() = default;
  /// `before` outlives the board.
  explicit throttle_board(const gate& before) noexcept : gate_{before} {}

  [[nodiscard]] std::shared_ptr<throttle> add(std::string import_id, std::string project_id, std::string source_host);
  void remove(const std::shared_ptr<throttle>& gone);
  [[nodiscard]] std::vector<std::shared_ptr<throttle>> all() const;
  /// What a throttle that is added starts with, so that no import runs free until the first look-over.
  void set_initial_rate(std::uint64_t bytes_per_second) noexcept;

 private:
  const gate& gate_ = gate::always_open();
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<throttle>> throttles_;
  std::atomic<std::uint64_t> initial_rate_{throttle::unlimited};
};

}  // namespace sluice::actors
