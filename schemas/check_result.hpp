// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::schemas {

/// `refused`: the image is at fault. `failed`: the check itself did not come to a result.
enum class check_verdict : std::uint8_t { passed, refused, failed };

/// What one check said of an image, and how long it took; kept in the import's record.
struct check_result {
  std::string name;  ///< "structure", or as the operator calls it
  check_verdict verdict = check_verdict::passed;
  std::chrono::microseconds took{};  ///< from its start to its verdict
  std::string message;               ///< why, unless it passed
  std::vector<std::string> remarks;  ///< sentences: what was not looked at, what was let pass

  friend bool operator==(const check_result&, const check_result&) = default;
};

[[nodiscard]] constexpr std::string_view to_string(check_verdict verdict) noexcept {
  switch (verdict) {
    case check_verdict::passed: return "passed";
    case check_verdict::refused: return "refused";
    case check_verdict::failed: return "failed";
  }
  return "failed";
}

[[nodiscard]] constexpr std::optional<check_verdict> check_verdict_from(std::string_view name) noexcept {
  for (const auto verdict : {check_verdict::passed, check_verdict::refused, check_verdict::failed})
    if (to_string(verdict) == name)
      return verdict;
  return std::nullopt;
}

}  // namespace sluice::schemas
