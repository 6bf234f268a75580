// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "actors/pipeline/paired_digest.hpp"

namespace sluice::actors {

/// MD5 and SHA-512 of the bytes of several imports at once.
///
/// One stream of bytes cannot be hashed in parallel, but many can: member i of the group has place i of every vector,
/// so that one instruction does a step of eight SHA-512s or sixteen MD5s. Sixteen members cost together about a quarter
/// of what they cost one by one in `paired_digest`, whose states they share: a digest may change between the two
/// after every update.
struct grouped_part {
  paired_digest* digest = nullptr;
  std::span<const std::byte> bytes;
};

inline constexpr std::size_t group_most = 16;  ///< members a group holds
inline constexpr std::size_t group_half = 8;   ///< up to here it costs half
inline constexpr std::size_t group_least = 4;  ///< below it, one by one is as cheap

/// Feeds its bytes to every member's digest, at most `group_most` different ones. The lengths may differ; what goes
/// beyond the common length costs more. Needs paired_digest::supported().
void update_together(std::span<const grouped_part> members) noexcept;

/// Feeds `count` steps of 128 bytes from `bytes[i]` to `states[i]`, for 1 … 16 members. Needs AVX-512 F, VL and BW.
void grouped_blocks_avx512(paired_state* const* states, const std::uint8_t* const* bytes, std::size_t members,
                           std::size_t count) noexcept;

}  // namespace sluice::actors
