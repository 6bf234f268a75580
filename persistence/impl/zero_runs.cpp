// SPDX-License-Identifier: Apache-2.0
#include "persistence/impl/zero_runs.hpp"

#include <algorithm>
#include <cstring>

namespace sluice::persistence {

bool all_zero(std::span<const std::byte> bytes) noexcept {
  constexpr std::size_t head = 16;
  const auto first = bytes.first(std::min(head, bytes.size()));
  if (std::any_of(first.begin(), first.end(), [](std::byte byte) { return byte != std::byte{0}; }))
    return false;
  // The head is zero, and every byte equals the one `head` before it.
  return bytes.size() <= head || std::memcmp(bytes.data(), bytes.data() + head, bytes.size() - head) == 0;
}

}  // namespace sluice::persistence
