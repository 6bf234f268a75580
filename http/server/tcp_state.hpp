// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "http/server/round_trip_bases.hpp"

namespace sluice::http {

/// What the kernel knows of one connection (Linux TCP_INFO).
struct tcp_state {
  std::uint64_t busy_microseconds = 0;  ///< time with unacknowledged or unsent data, since the connection began (4.10)
  std::uint32_t round_trip_microseconds = 0;           ///< smoothed
  std::uint32_t smallest_round_trip_microseconds = 0;  ///< 0 = not measured
  std::uint32_t segment_bytes = 0;                     ///< payload of a full segment
  std::uint32_t segments_delivered = 0;                ///< acknowledged since the connection began, wraps (4.18)
  bool all_acknowledged = false;                       ///< what was written so far
  peer_address peer{};
};

/// False when it is no TCP socket, or the kernel is too old to say.
[[nodiscard]] bool look_at(int socket, tcp_state& into) noexcept;

}  // namespace sluice::http
