// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "schemas/check_result.hpp"
#include "schemas/error_code.hpp"
#include "schemas/image_import_status.hpp"

/// What the service counts about itself. Counting is a few relaxed atomic additions, from any thread, without a lock
/// and without a name to look up; names, labels and text exist only while somebody asks (exposition.hpp).
namespace sluice::actors {

class counter {
 public:
  void add(std::uint64_t amount = 1) noexcept { value_.fetch_add(amount, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class gauge {
 public:
  void set(std::uint64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// How often values fell between which bounds. `Bounds` are upper ones, ascending, inclusive; above the last is a
/// bucket of its own.
template <const auto& Bounds>
class histogram {
 public:
  static constexpr std::size_t buckets = Bounds.size() + 1;

  void observe(double value) noexcept {
    std::size_t bucket = 0;
    while (bucket < Bounds.size() && value > Bounds[bucket])
      ++bucket;
    counts_[bucket].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(static_cast<std::uint64_t>(value < 0 ? 0 : value * fraction), std::memory_order_relaxed);
  }
  void observe(std::chrono::nanoseconds time) noexcept { observe(std::chrono::duration<double>(time).count()); }

  [[nodiscard]] static std::span<const double> bounds() noexcept { return Bounds; }
  [[nodiscard]] std::uint64_t count(std::size_t bucket) const noexcept {
    return counts_[bucket].load(std::memory_order_relaxed);
  }
  [[nodiscard]] double sum() const noexcept {
    return static_cast<double>(sum_.load(std::memory_order_relaxed)) / fraction;
  }

 private:
  static constexpr double fraction = 1e9;  ///< sums are kept in whole billionths
  std::array<std::atomic<std::uint64_t>, buckets> counts_{};
  std::atomic<std::uint64_t> sum_{0};
};

/// Seconds of what a client waits for.
inline constexpr std::array answer_bounds{0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                          0.05,    0.1,    0.25,  0.5,    1.0,   2.5,  10.0};
/// Seconds of what takes as long as an image is large.
inline constexpr std::array transfer_bounds{0.01, 0.05, 0.1,  0.5,  1.0,   5.0,    15.0,
                                            30.0, 60.0, 120., 300., 900.0, 3600.0, 14400.0};
/// Seconds of one check of an image.
inline constexpr std::array check_bounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                         0.5,   1.0,    2.5,   5.0,  10.0,  30.0, 60.0};
/// Seconds of one durable commit.
inline constexpr std::array commit_bounds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0};
/// Changes that one commit made durable.
inline constexpr std::array batch_bounds{1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 500.0, 2500.0};

/// What a request was for. `held` are those that wait on purpose: `Prefer: wait` and streams of events.
enum class request_class : std::uint8_t { file, metadata, import, held, other };
inline constexpr std::size_t request_classes = 5;

/// How a phase of an import ended.
enum class phase_end : std::uint8_t { done, failed, cancelled };
inline constexpr std::size_t phase_ends = 3;
/// waiting, uploading, verifying.
inline constexpr std::size_t live_statuses = 3;
/// passed, refused, failed.
inline constexpr std::size_t check_verdicts = 3;
/// Checks that are counted apart; further ones are counted with the last.
inline constexpr std::size_t most_checks = 16;

struct service_metrics {
  // Imports
  counter imports_accepted;
  /// By status it left, then by how.
  std::array<std::array<histogram<transfer_bounds>, phase_ends>, live_statuses> phases;
  std::array<counter, 256> imports_ended;  ///< by error code; `none` is success
  counter imported_bytes;                  ///< durable, the resumed prefix of an import counted once
  gauge imports_waiting, imports_running;

  // Verification, by check in the order in which they run, then by verdict
  std::array<std::array<histogram<check_bounds>, check_verdicts>, most_checks> checks;

  // Re-verification, by sound, damaged, unknown, gone
  std::array<counter, 4> reverified;
  counter reverified_bytes;

  // Records
  histogram<commit_bounds> commits;
  histogram<batch_bounds> commit_batches;
  counter commits_refused;                   ///< changes that the store did not take
  std::atomic<bool> records_writable{true};  ///< as of the last commit

  // Requests of the API
  std::array<histogram<answer_bounds>, request_classes> answers;  ///< until the answer was ready to be sent
  std::array<std::array<counter, 6>, request_classes> statuses;   ///< by the hundreds of the status

  void phase_ended(schemas::image_import_status left, phase_end how, std::chrono::nanoseconds after) noexcept {
    const auto index = static_cast<std::size_t>(left);
    if (index < live_statuses)
      phases[index][static_cast<std::size_t>(how)].observe(after);
  }
  void import_ended(schemas::error_code why) noexcept { imports_ended[static_cast<std::size_t>(why)].add(); }
  void checked(std::size_t check, schemas::check_verdict verdict, std::chrono::nanoseconds after) noexcept {
    checks[check < most_checks ? check : most_checks - 1][static_cast<std::size_t>(verdict)].observe(after);
  }
  void answered(request_class what, unsigned status, std::chrono::nanoseconds after) noexcept {
    const auto index = static_cast<std::size_t>(what);
    answers[index].observe(after);
    statuses[index][status / 100 < 6 ? status / 100 : 0].add();
  }
  /// One transaction: `sets` changes asked for, of which `refused` were not taken.
  void committed(std::chrono::nanoseconds took, std::size_t sets, std::size_t refused) noexcept {
    commits.observe(took);
    commit_batches.observe(static_cast<double>(sets));
    commits_refused.add(refused);
    records_writable.store(refused < sets, std::memory_order_relaxed);
  }

  /// Counts what nobody asks about: for parts that stand alone, as in tests.
  [[nodiscard]] static service_metrics& unobserved() noexcept {
    static service_metrics nobody;
    return nobody;
  }
};

}  // namespace sluice::actors
