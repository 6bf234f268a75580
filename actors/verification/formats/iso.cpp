// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/iso.hpp"

#include <bit>

namespace sluice::actors::verification::formats {
namespace {

using schemas::error_code;
using schemas::refuse;
using schemas::result;

constexpr std::size_t sector = 2048;
constexpr std::size_t first_descriptor = 16 * sector;  // ECMA-119 section 6.2.1: the system area comes before it
constexpr std::uint8_t boot_record = 0;
constexpr std::uint8_t primary = 1;
constexpr std::uint8_t terminator = 255;

bool is_iso_descriptor(bytes_view descriptor) {
  return holds(descriptor, 1, "CD001");
}

bool is_udf_descriptor(bytes_view descriptor) {
  return holds(descriptor, 1, "BEA01") || holds(descriptor, 1, "NSR02") || holds(descriptor, 1, "NSR03") ||
         holds(descriptor, 1, "TEA01") || holds(descriptor, 1, "BOOT2");
}

/// ECMA-119 section 7.3.3: the number in both byte orders, one after the other.
bool both_endian_32(bytes_view bytes, std::size_t offset) {
  return read_little_endian<std::uint32_t>(bytes, offset) == read_big_endian<std::uint32_t>(bytes, offset + 4);
}
bool both_endian_16(bytes_view bytes, std::size_t offset) {
  return read_little_endian<std::uint16_t>(bytes, offset) == read_big_endian<std::uint16_t>(bytes, offset + 2);
}

result<void> check_primary(bytes_view descriptor, const std::optional<std::uint64_t>& total) {
  const auto block = read_little_endian<std::uint16_t>(descriptor, 128);
  const auto blocks = read_little_endian<std::uint32_t>(descriptor, 80);
  const bool agree = both_endian_32(descriptor, 80) && both_endian_16(descriptor, 120) &&
                     both_endian_16(descriptor, 124) && both_endian_16(descriptor, 128) &&
                     both_endian_32(descriptor, 132);
  if (!agree || read_byte(descriptor, 6) != 1 || block < 512 || block > sector || !std::has_single_bit(block) ||
      blocks == 0)
    return refuse(error_code::image_corrupt,
                  "The ISO image's primary volume descriptor contradicts itself. The file is damaged: get it anew.");
  if (total && !units_fit(blocks, block, *total))
    return refuse(
        error_code::image_truncated,
        "The ISO image says it has " + std::to_string(std::uint64_t{blocks} * block) + " bytes but the file has only " +
            std::to_string(*total) +
            ". It was cut off: get it anew, and give 'expect.size' or 'expect.checksum' to notice it at once.");
  return {};
}

}  // namespace

presence iso_inspector::recognise(const image_window& window) {
  if (window.front.size() < first_descriptor + 6 && !window.front_closed())
    return presence::undecided;
  const auto descriptor = slice(window.front, first_descriptor, sector);
  return is_iso_descriptor(descriptor) || is_udf_descriptor(descriptor) ? presence::present : presence::absent;
}

result<void> iso_inspector::examine(const image_window& window) {
  bool primary_seen = false;
  bool udf_seen = false;
  for (auto offset = first_descriptor; offset + sector <= window.front.size(); offset += sector) {
    const auto descriptor = slice(window.front, offset, sector);
    if (is_udf_descriptor(descriptor)) {
      udf_seen = udf_seen || holds(descriptor, 1, "NSR0");
      continue;
    }
    if (!is_iso_descriptor(descriptor))
      break;
    const auto type = read_byte(descriptor, 0);
    if (type == primary && !primary_seen) {
      primary_seen = true;
      const auto judged = check_primary(descriptor, window.total);
      if (!judged)
        return judged;
    }
    if (type == terminator && primary_seen)
      return {};
    if (type > 3 && type != terminator && type != boot_record)
      break;
  }
  if (!window.front_closed() || (udf_seen && !primary_seen))
    return {};
  return refuse(
      window.ended && window.front.size() < front_capacity ? error_code::image_truncated : error_code::image_corrupt,
      "The ISO image's volume descriptors have no primary one or no end. The file is damaged or cut off: get it "
      "anew.");
}

result<std::uint64_t> iso_inspector::finish(const image_window& window) {
  const auto judged = examine(window);
  if (!judged)
    return schemas::unexpected<schemas::failure>{judged.error()};
  return round_up(window.total.value_or(0), 512);
}

}  // namespace sluice::actors::verification::formats
