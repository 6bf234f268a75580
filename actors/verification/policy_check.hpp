// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "actors/verification/stream_inspection.hpp"
#include "schemas/failure.hpp"

namespace sluice::actors::verification {

/// What was found, held against what was declared and what the operator accepts.
class policy_check {
 public:
  explicit policy_check(inspection_policy policy);

  [[nodiscard]] const inspection_policy& policy() const noexcept { return policy_; }
  /// The format the caller declared, in our spelling.
  [[nodiscard]] const std::optional<std::string>& declared() const noexcept { return declared_; }
  /// Whether the operator accepts the format at all.
  [[nodiscard]] bool allowed(std::string_view format) const;
  /// Refuses a format that is not the declared one (format_mismatch) or not accepted (format_not_allowed). `title` is
  /// how people call it.
  [[nodiscard]] schemas::result<void> check_named(std::string_view format, std::string_view title) const;
  /// Refuses a virtual size of 0 bytes, and one above the operator's bound.
  [[nodiscard]] schemas::result<void> check_size(std::uint64_t virtual_size) const;

 private:
  inspection_policy policy_;
  std::optional<std::string> declared_;
};

}  // namespace sluice::actors::verification
