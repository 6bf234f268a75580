// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "schemas/failure.hpp"

/// Quantities as people write them: a whole number and a unit, with or without a space between. No fractions, no signs,
/// nothing that needs a guess; what does not fit into the result is refused. Every refusal is an `invalid_request`
/// whose message says what was expected.
namespace sluice::schemas {

/// Bytes: "4096", "64KiB", "256 MiB", "10GB", "1TiB" (B, and k/K M G T P with "B" for powers of 1000, with "iB" for
/// powers of 1024). A number alone counts bytes.
[[nodiscard]] result<std::uint64_t> parse_size(std::string_view text);

/// Bytes per second: any size followed by "/s", or bits: "10Gbit/s" (powers of 1000). "0" alone is allowed.
[[nodiscard]] result<std::uint64_t> parse_rate(std::string_view text);

/// "300us", "4ms", "60s", "5min", "48h", "7d". The unit is required, except for "0".
[[nodiscard]] result<std::chrono::microseconds> parse_duration(std::string_view text);

/// The inverse: the shortest text that the functions above read as exactly this quantity. A rate of 0 is "" (no cap).
[[nodiscard]] std::string spell_size(std::uint64_t bytes);
[[nodiscard]] std::string spell_rate(std::uint64_t bytes_per_second);
[[nodiscard]] std::string spell_duration(std::chrono::microseconds time);
/// A time of day, below 24 h, as "01:30".
[[nodiscard]] std::string spell_clock(std::chrono::minutes since_midnight);

}  // namespace sluice::schemas
