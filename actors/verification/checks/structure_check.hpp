// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/verification/checks/check.hpp"
#include "actors/verification/sandbox/sandbox_runner.hpp"
#include "actors/verification/structure/walk.hpp"
#include "schemas/configuration.hpp"

namespace sluice::actors {

/// Follows every table of the image's format, in the sandbox.
class structure_check final : public check {
 public:
  /// How many times the processor time that an image may take its child may wait for the processor and the disk.
  static constexpr int patience = 6;

  /// Beside `[verify] time`, which is for tables, an image has a second of the processor for so many bytes of its file:
  /// what is compressed is really decompressed (150 MB of the guest's disk a second, from three to twenty times less
  /// of the file).
  static constexpr std::uint64_t bytes_a_second = std::uint64_t{8} << 20;

  /// `sandbox` outlives this.
  structure_check(verification::sandbox::sandbox_runner& sandbox, const schemas::verify_configuration& bounds);

  [[nodiscard]] std::string_view name() const noexcept override { return "structure"; }
  [[nodiscard]] std::function<void()> start(const judged_image& image,
                                            std::function<void(check_report)> on_end) override;

 private:
  verification::sandbox::sandbox_runner& sandbox_;
  const schemas::verify_configuration bounds_;
};

/// What the end of a walk's process says about the image. A walk that takes too much memory or processor time is the
/// image's fault; one that crashed, hung or could not run says nothing about it, and the import may be tried again.
[[nodiscard]] check_report report_of_walk(const verification::sandbox::sandbox_outcome& outcome);

}  // namespace sluice::actors
