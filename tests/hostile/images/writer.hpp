// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace sluice::tests::hostile {

/// The builders in this folder write disk images field by field out of the published formats, sound or wrong in exactly
/// one way. They share no code with the inspectors they test.
using image_bytes = std::vector<std::byte>;

inline void put_byte(image_bytes& image, std::size_t offset, std::uint64_t value) {
  if (image.size() <= offset)
    image.resize(offset + 1);
  image[offset] = static_cast<std::byte>(value & 0xFF);
}

inline void put_little(image_bytes& image, std::size_t offset, std::size_t width, std::uint64_t value) {
  for (std::size_t i = 0; i < width; ++i)
    put_byte(image, offset + i, value >> (8 * i));
}

inline void put_big(image_bytes& image, std::size_t offset, std::size_t width, std::uint64_t value) {
  for (std::size_t i = 0; i < width; ++i)
    put_byte(image, offset + i, value >> (8 * (width - 1 - i)));
}

inline void put_text(image_bytes& image, std::size_t offset, std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i)
    put_byte(image, offset + i, static_cast<unsigned char>(text[i]));
}

/// Bit by bit, so that it is plainly the definition: reflected CRC-32 with the given polynomial.
inline std::uint32_t slow_crc(const image_bytes& image, std::size_t offset, std::size_t length,
                              std::uint32_t polynomial) {
  std::uint32_t state = 0xFFFFFFFF;
  for (std::size_t i = 0; i < length; ++i) {
    state ^= std::to_integer<std::uint32_t>(image[offset + i]);
    for (int bit = 0; bit < 8; ++bit)
      state = (state & 1) != 0 ? (state >> 1) ^ polynomial : state >> 1;
  }
  return ~state;
}
inline constexpr std::uint32_t crc32_polynomial = 0xEDB88320;
inline constexpr std::uint32_t crc32c_polynomial = 0x82F63B78;

}  // namespace sluice::tests::hostile
