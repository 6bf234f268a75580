// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

#include "actors/bandwidth/serving_pressure.hpp"

namespace sluice::actors {

/// What work below serving passes between two blocks: closed while serving has a request in hand. It is the quickest of
/// the protections (one block of work, a fraction of a millisecond) and covers what no scheduling class of the
/// kernel does, the disk and the network. Waiting is bounded: a server that always has something in hand slows imports
/// down to a block each `most_waited`, and never stops them; how much they get over time is the controller's to say.
class gate {
 public:
  static constexpr std::chrono::microseconds step{200};
  static constexpr std::chrono::microseconds most_waited{1000};

  /// Always open.
  gate() = default;
  explicit gate(const serving_pressure& pressure) noexcept : pressure_{&pressure} {}
  gate(const gate&) = delete;
  gate& operator=(const gate&) = delete;

  /// One that belongs to nobody.
  [[nodiscard]] static const gate& always_open() noexcept {
    static const gate open;
    return open;
  }

  [[nodiscard]] bool closed() const noexcept {
    return pressure_ != nullptr && enabled_.load(std::memory_order_relaxed) && pressure_->wants();
  }
  /// Serving could use more than it has, whether or not work below it is to wait for that.
  [[nodiscard]] bool serving_is_short() const noexcept {
    return pressure_ != nullptr && enabled_.load(std::memory_order_relaxed) && pressure_->is_short();
  }
  /// For threads: returns when the gate is open, at the latest after `most_waited`. True when it waited.
  bool pass() const noexcept {
    if (!closed())
      return false;
    for (auto waited = std::chrono::microseconds{0}; waited < most_waited && closed(); waited += step)
      std::this_thread::sleep_for(step);
    waits_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }

  /// Somebody reads an image now, or waits to: requests to the disk are kept small.
  [[nodiscard]] bool images_are_read() const noexcept {
    return pressure_ != nullptr && pressure_->file_answers.load(std::memory_order_relaxed) > 0;
  }

  /// Bytes of work between two looks at the gate: a multiple of 4 KiB.
  [[nodiscard]] std::uint64_t block() const noexcept { return block_.load(std::memory_order_relaxed); }
  void set_block(std::uint64_t bytes) noexcept { block_.store(bytes, std::memory_order_relaxed); }
  /// How much of its rate an import may ask its source for at once: what is on its way cannot be called back.
  [[nodiscard]] std::chrono::nanoseconds in_flight() const noexcept {
    return std::chrono::nanoseconds{in_flight_.load(std::memory_order_relaxed)};
  }
  void set_in_flight(std::chrono::nanoseconds time) noexcept {
    in_flight_.store(time.count(), std::memory_order_relaxed);
  }
  /// A profile that puts imports first keeps it open.
  void enable(bool on) noexcept { enabled_.store(on, std::memory_order_relaxed); }
  /// How often somebody found it closed.
  [[nodiscard]] std::uint64_t waits() const noexcept { return waits_.load(std::memory_order_relaxed); }

 private:
  const serving_pressure* pressure_ = nullptr;
  std::atomic<bool> enabled_{true};
  std::atomic<std::uint64_t> block_{128 << 10};
  std::atomic<std::int64_t> in_flight_{4'000'000};
  mutable std::atomic<std::uint64_t> waits_{0};
};

}  // namespace sluice::actors
