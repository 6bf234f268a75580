// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

namespace sluice::bench {

inline constexpr std::size_t block_bytes = 256 << 10;  ///< what the pipeline hands on at a time

/// Bytes that cannot be compressed, the same in every run.
[[nodiscard]] inline std::vector<std::byte> random_bytes(std::size_t size) {
  std::mt19937_64 random{7};
  std::vector<std::byte> bytes(size);
  for (auto& byte : bytes)
    byte = static_cast<std::byte>(random() & 0xFF);
  return bytes;
}

/// Writes `text` at `offset`.
inline void put(std::vector<std::byte>& bytes, std::size_t offset, std::span<const std::uint8_t> text) {
  for (std::size_t i = 0; i < text.size(); ++i)
    bytes[offset + i] = static_cast<std::byte>(text[i]);
}

}  // namespace sluice::bench
