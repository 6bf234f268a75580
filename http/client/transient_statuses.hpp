// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>

namespace sluice::http {

/// Statuses that RFC 9110, RFC 6585 and RFC 8470 define as a matter of time, and 498, with which Swift limits rates.
[[nodiscard]] inline bool is_transient_status(unsigned status) noexcept {
  constexpr std::array transient{408U, 425U, 429U, 498U, 500U, 502U, 503U, 504U};
  return std::ranges::find(transient, status) != transient.end();
}

}  // namespace sluice::http
