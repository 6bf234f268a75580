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

  /// `sandbox` outlives this.
  structure_check(verification::sandbox::sandbox_runner& sandbox, const schemas::verify_configuration& bounds);

  [[nodiscard]] std::string_view name() const noexcept override { return "structure"; }
  [[nodiscard]] std::function<void()> start(const judged_image& image,
                                            std::function<void(check_report)> on_end) override;

 private:
  verification::sandbox::sandbox_runner& sandbox_;
  verification::structure::walk_policy policy_;
  verification::sandbox::sandbox_limits limits_;
};

/// What the end of a walk's process says about the image. A walk that takes too much memory or processor time is the
/// image's fault; one that crashed, hung or could not run says nothing about it, and the import may be tried again.
[[nodiscard]] check_report report_of_walk(const verification::sandbox::sandbox_outcome& outcome);

}  // namespace sluice::actors
