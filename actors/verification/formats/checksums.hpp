// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "actors/verification/formats/bytes.hpp"

namespace sluice::actors::verification::formats {

/// The two reflected 32-bit cyclic redundancy checks that disk formats carry.
enum class crc_polynomial : std::uint32_t {
  ieee = 0xEDB88320,        ///< GPT (UEFI 2.10 section 5.3.2)
  castagnoli = 0x82F63B78,  ///< CRC-32C: VHDX, btrfs, XFS, ext4
};

/// Running checksum: start with 0xFFFFFFFF. GPT, VHDX, btrfs and XFS store the complement of the result, ext4 the
/// result.
template <crc_polynomial Polynomial>
[[nodiscard]] constexpr std::uint32_t update_crc(std::uint32_t state, bytes_view bytes) noexcept {
  // Row n of the tables is what a byte comes to with n bytes behind it: eight bytes are one step.
  constexpr auto tables = [] {
    std::array<std::array<std::uint32_t, 256>, 8> rows{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      auto row = i;
      for (int bit = 0; bit < 8; ++bit)
        row = (row & 1) != 0 ? (row >> 1) ^ static_cast<std::uint32_t>(Polynomial) : row >> 1;
      rows[0][i] = row;
    }
    for (std::size_t n = 1; n < rows.size(); ++n)
      for (std::size_t i = 0; i < 256; ++i)
        rows[n][i] = (rows[n - 1][i] >> 8) ^ rows[0][rows[n - 1][i] & 0xFF];
    return rows;
  }();
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    const auto word = read_little_endian<std::uint64_t>(bytes, 0) ^ state;
    state = tables[7][word & 0xFF] ^ tables[6][word >> 8 & 0xFF] ^ tables[5][word >> 16 & 0xFF] ^
            tables[4][word >> 24 & 0xFF] ^ tables[3][word >> 32 & 0xFF] ^ tables[2][word >> 40 & 0xFF] ^
            tables[1][word >> 48 & 0xFF] ^ tables[0][word >> 56];
  }
  for (const auto byte : bytes)
    state = (state >> 8) ^ tables[0][(state ^ std::to_integer<std::uint32_t>(byte)) & 0xFF];
  return state;
}

template <crc_polynomial Polynomial>
[[nodiscard]] constexpr std::uint32_t crc(bytes_view bytes) noexcept {
  return ~update_crc<Polynomial>(0xFFFFFFFF, bytes);
}

/// The checksum of a header that carries its own: the four bytes at `field` count as zero.
template <crc_polynomial Polynomial>
[[nodiscard]] constexpr std::uint32_t crc_without_field(bytes_view bytes, std::size_t field) noexcept {
  if (field + 4 > bytes.size())
    return crc<Polynomial>(bytes);
  constexpr std::array<std::byte, 4> zeros{};
  auto state = update_crc<Polynomial>(0xFFFFFFFF, bytes.first(field));
  state = update_crc<Polynomial>(state, zeros);
  return ~update_crc<Polynomial>(state, bytes.subspan(field + 4));
}

}  // namespace sluice::actors::verification::formats
