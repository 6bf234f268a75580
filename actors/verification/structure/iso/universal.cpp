// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "actors/verification/structure/image_part.hpp"
#include "actors/verification/structure/iso/volume.hpp"

namespace sluice::actors::verification::structure::iso {
namespace {

using formats::bytes_view;
using formats::read_byte;
using formats::read_little_endian;
using schemas::failure;
using schemas::result;

constexpr std::uint16_t anchor = 2;
constexpr std::uint16_t partition_descriptor = 5;
constexpr std::uint16_t terminating = 8;
constexpr std::uint64_t most_in_sequence = 256;

/// ECMA-167 part 3, section 7.2.6: polynomial x^16 + x^12 + x^5 + 1, starting from zero.
std::uint16_t crc_16(bytes_view bytes) {
  std::uint32_t state = 0;
  for (const auto byte : bytes) {
    state ^= std::to_integer<std::uint32_t>(byte) << 8;
    for (int bit = 0; bit < 8; ++bit)
      state = (state & 0x8000) != 0 ? (state << 1) ^ 0x1021 : state << 1;
    state &= 0xFFFF;
  }
  return static_cast<std::uint16_t>(state);
}

/// The tag that every descriptor begins with (part 3, section 7.2), and the checksums in it.
bool is_sound(bytes_view descriptor, std::uint64_t location) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < 16; ++i)
    sum += i == 4 ? 0 : read_byte(descriptor, i);
  const std::size_t length = read_little_endian<std::uint16_t>(descriptor, 10);
  return (sum & 0xFF) == read_byte(descriptor, 4) && formats::lies_within(16, length, descriptor.size()) &&
         crc_16(formats::slice(descriptor, 16, length)) == read_little_endian<std::uint16_t>(descriptor, 8) &&
         read_little_endian<std::uint32_t>(descriptor, 12) == location;
}

/// The main sequence of volume descriptors, to its terminating one.
result<void> check_sequence(image_bytes& image, std::uint64_t place, std::uint64_t length, std::uint64_t block,
                            walk_budget& budget) {
  if (!formats::lies_within(place * block, length, image.size()))
    return cut_off("the sequence of UDF descriptors", place * block + length, image.size());
  for (std::uint64_t i = 0; i < std::min(length / block, most_in_sequence); ++i) {
    const auto stepped = budget.step();
    if (!stepped)
      return stepped;
    const auto piece = image_piece::read(image, (place + i) * block, block, budget);
    if (!piece)
      return schemas::unexpected<failure>{piece.error()};
    const auto kind = read_little_endian<std::uint16_t>(piece->bytes(), 0);
    if (kind == 0 && formats::all_zero(piece->bytes()))
      return {};
    if (!is_sound(piece->bytes(), place + i))
      return damaged("a UDF descriptor has a wrong checksum or place");
    if (kind == terminating)
      return {};
    if (kind != partition_descriptor)
      continue;
    const std::uint64_t start = read_little_endian<std::uint32_t>(piece->bytes(), 188);
    const std::uint64_t blocks = read_little_endian<std::uint32_t>(piece->bytes(), 192);
    if (!formats::lies_within(start * block, blocks * block, image.size()))
      return cut_off("the UDF partition", (start + blocks) * block, image.size());
  }
  return {};
}

}  // namespace

result<void> check_universal(image_bytes& image, walk_budget& budget) {
  // The anchor is in block 256; the size of a block shows by where it is found.
  for (const std::uint64_t block : {2048U, 512U, 1024U, 4096U}) {
    if (!formats::lies_within(256 * block, block, image.size()))
      continue;
    const auto piece = image_piece::read(image, 256 * block, block, budget);
    if (!piece)
      return schemas::unexpected<failure>{piece.error()};
    if (read_little_endian<std::uint16_t>(piece->bytes(), 0) != anchor || !is_sound(piece->bytes(), 256))
      continue;
    return check_sequence(image, read_little_endian<std::uint32_t>(piece->bytes(), 20),
                          read_little_endian<std::uint32_t>(piece->bytes(), 16), block, budget);
  }
  return damaged("it announces UDF but has no sound anchor in block 256");
}

}  // namespace sluice::actors::verification::structure::iso
