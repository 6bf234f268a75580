// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::persistence {

/// FNV-1a, 64 bits: it is written down in rows, so it must never change. Collisions cost a comparison, nothing else.
[[nodiscard]] constexpr std::uint64_t stable_hash(std::string_view text,
                                                  std::uint64_t from = 0xcbf29ce484222325) noexcept {
  for (const char character : text)
    from = (from ^ static_cast<unsigned char>(character)) * 0x100000001b3;
  return from;
}

}  // namespace sluice::persistence
