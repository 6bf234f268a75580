// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

namespace sluice::http {

/// The round trips of one connection since it was last looked at. What the kernel tells is smoothed: each measurement
/// has an eighth of the weight of all before it (RFC 6298, 2.3), so that one late answer is remembered for dozens of
/// short ones.
class recent_round_trip {
 public:
  struct measured {
    std::uint32_t microseconds = 0;
    std::uint32_t segments = 0;  ///< that were acknowledged since
  };
  /// `smoothed` in microseconds, `delivered` segments since the connection began, which may wrap around. Nothing where
  /// nothing was acknowledged since the last time.
  std::optional<measured> since_last(std::uint32_t smoothed, std::uint32_t delivered) noexcept;

 private:
  bool looked_ = false;
  std::uint32_t smoothed_ = 0, delivered_ = 0;
};

/// The least of the round trips that so many segments took, of whatever connections. A client may keep back the
/// acknowledgement of what does not fill two segments, in the hope of something to send with it (RFC 1122, 4.2.3.2;
/// Linux for 40 ms), which is no queue: short answers say something together only, and without that delay.
class least_round_trip {
 public:
  static constexpr std::uint32_t enough = 8;  ///< segments
  static constexpr std::uint32_t held_back =
      40'000;  ///< microseconds that a short answer is not believed of its excess

  /// `excess` in microseconds; returns the least once there are enough segments, and begins anew.
  std::optional<std::uint32_t> gather(std::uint32_t excess, std::uint32_t segments) noexcept;

 private:
  std::uint32_t least_ = 0, segments_ = 0;
};

}  // namespace sluice::http
