// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actors/bandwidth/gate.hpp"
#include "actors/conversion/qemu_conversion.hpp"
#include "actors/reverification/examiner.hpp"
#include "actors/reverification/reverification.hpp"
#include "actors/verification/checks/verifier.hpp"
#include "actors/verification/sandbox/process_sandbox.hpp"
#include "schemas/configuration.hpp"

namespace sluice::actors {

/// Everything that looks at whole images, put together as the operator has it: the sandbox, the checks in the order in
/// which they run, conversion, and what looks at stored images again. Outlives the actors that use it.
class judges {
 public:
  /// What is referred to outlives this.
  judges(const schemas::configuration& configuration, const persistence::record_store& records,
         persistence::blob_store& blobs, const gate& before, const wall_clock& clock, service_metrics& metrics);
  /// The children of the sandbox end with it.
  ~judges();
  judges(const judges&) = delete;
  judges& operator=(const judges&) = delete;

  [[nodiscard]] verification_surroundings judging() const;
  [[nodiscard]] reverification_surroundings judging_again() const;
  [[nodiscard]] image_conversion& conversion() noexcept { return *conversion_; }
  [[nodiscard]] std::vector<std::string> check_names() const;
  [[nodiscard]] std::uint64_t keeper_starts() const noexcept { return sandbox_->keeper_starts(); }

 private:
  const schemas::verify_configuration verify_;
  const persistence::record_store& records_;
  persistence::blob_store& blobs_;
  const wall_clock& clock_;
  service_metrics& metrics_;
  const unsigned at_once_;
  // What uses the sandbox and the checks goes before them.
  std::unique_ptr<verification::sandbox::process_sandbox> sandbox_;
  std::vector<std::unique_ptr<check>> checks_;
  std::unique_ptr<stored_image_examiner> examiner_;
  std::unique_ptr<qemu_conversion> conversion_;
};

}  // namespace sluice::actors
