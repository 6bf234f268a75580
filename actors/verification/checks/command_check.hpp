// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "actors/verification/checks/check.hpp"
#include "actors/verification/sandbox/sandbox_runner.hpp"
#include "schemas/configuration.hpp"

namespace sluice::actors {

/// A program of the operator's judges the image, in the sandbox. docs/verification.md has the contract: the image on
/// descriptor 3, what is known of it as JSON on standard input, a verdict as JSON on standard output.
class command_check final : public check {
 public:
  /// How many times its processor time a program may take by the clock: it runs only when nobody else wants to.
  static constexpr int patience = 6;
  /// Processes and threads of a program at once.
  static constexpr unsigned most_processes = 32;

  /// `sandbox` outlives this.
  command_check(verification::sandbox::sandbox_runner& sandbox, schemas::verify_command command);

  [[nodiscard]] std::string_view name() const noexcept override { return command_.name; }
  [[nodiscard]] bool concerns(const verification_request& about) const override;
  [[nodiscard]] std::function<void()> start(const judged_image& image,
                                            std::function<void(check_report)> on_end) override;

 private:
  verification::sandbox::sandbox_runner& sandbox_;
  const schemas::verify_command command_;
};

/// What a program is told on its standard input: one JSON document. No location, no user, no secret.
[[nodiscard]] std::string command_input(const verification_request& about, const schemas::verify_command& command);
/// What the end of such a program says about the image. Only a whole verdict of a program that ended with status 0
/// counts; everything else is a failure that names the verifier. The program's words are made one line and capped.
[[nodiscard]] check_report report_of_command(const verification::sandbox::sandbox_outcome& outcome,
                                             const schemas::verify_command& command);

}  // namespace sluice::actors
