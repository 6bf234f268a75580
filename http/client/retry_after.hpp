// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace sluice::http {

/// The value of Retry-After (RFC 9110 section 10.2.3): seconds, or an IMF-fixdate, which becomes the seconds from `now`
/// (0 when it is past). Never more than `most`. Empty when it is neither.
[[nodiscard]] std::optional<std::chrono::seconds> parse_retry_after(std::string_view value,
                                                                    std::chrono::system_clock::time_point now,
                                                                    std::chrono::seconds most);

}  // namespace sluice::http
