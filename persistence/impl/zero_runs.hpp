// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

namespace sluice::persistence {

/// Runs of zeros from this length on, aligned to it in the file, become holes (bytes).
inline constexpr std::size_t hole_granule = std::size_t{64} << 10;

/// Whether every byte is zero. Stops at the first that is not; at memory speed where all are.
[[nodiscard]] bool all_zero(std::span<const std::byte> bytes) noexcept;

}  // namespace sluice::persistence
