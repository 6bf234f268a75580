// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>

#include "actors/bandwidth/gate.hpp"
#include "actors/verification/checks/check.hpp"
#include "persistence/unique_fd.hpp"
#include "schemas/configuration.hpp"

namespace sluice::actors {

/// ClamAV's daemon looks at the image. One thread of the lowest priority reads it and speaks with clamd, one image
/// after the other; parts of the file that hold nothing are passed over. A file longer than `max_stream` goes in
/// several parts that overlap, so that clamd finds what lies across two of them.
class clamav_check final : public check {
 public:
  /// How much of a part is repeated in the next one.
  static constexpr std::uint64_t overlap = std::uint64_t{64} << 10;

  /// `before` outlives this.
  explicit clamav_check(schemas::clamav_configuration clamd, const gate& before = gate::always_open());
  /// What still waits ends as cancelled.
  ~clamav_check() override;

  [[nodiscard]] std::string_view name() const noexcept override { return "clamav"; }
  [[nodiscard]] bool concerns(const verification_request& about) const override { return !about.converted; }
  [[nodiscard]] std::function<void()> start(const judged_image& image,
                                            std::function<void(check_report)> on_end) override;

 private:
  struct scan {
    judged_image image;
    std::function<void(check_report)> on_end;
    std::shared_ptr<std::atomic<bool>> cancelled = std::make_shared<std::atomic<bool>>(false);
  };
  struct shared_state;

  static void live(shared_state& shared);
  static check_report judge(shared_state& shared, const scan& current);

  std::shared_ptr<shared_state> shared_;  ///< also of those who may still cancel
  std::thread thread_;
};

}  // namespace sluice::actors
