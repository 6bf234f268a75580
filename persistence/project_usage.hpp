// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace sluice::persistence {

/// What a project's images take, kept up to date in the transactions that change them: nobody has to count.
struct project_usage {
  std::uint64_t bytes = 0;         ///< of images that are there
  std::uint64_t staged_bytes = 0;  ///< of images whose import has not begun
  std::uint64_t images = 0;
  std::uint64_t uploading = 0;  ///< images that are being filled

  friend bool operator==(const project_usage&, const project_usage&) = default;
};

/// What counts against a project's quota: staged bytes take the same disk.
[[nodiscard]] constexpr std::uint64_t stored_bytes(const project_usage& usage) noexcept {
  return usage.bytes + usage.staged_bytes;
}

}  // namespace sluice::persistence
