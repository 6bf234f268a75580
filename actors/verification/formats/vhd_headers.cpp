// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/vhd_headers.hpp"

#include <array>
#include <bit>
#include <string>

namespace sluice::actors::verification::formats {

using schemas::error_code;
using schemas::refuse;
using schemas::result;

namespace {

constexpr std::string_view header_cookie = "cxsparse";
constexpr std::array<std::string_view, 5> current_size_creators{"win ", "qem2", "d2v ", "CTXS", {"tap\0", 4}};
constexpr std::size_t parent_locator_size = 24;
constexpr std::uint64_t largest_geometry = std::uint64_t{65535} * 16 * 255;  // sectors
constexpr std::uint64_t largest_disk = std::uint64_t{0xFF000000} * 512;      // bytes: 2040 GiB

}  // namespace

bool vhd_checksum_right(bytes_view bytes, std::size_t field) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    if (i < field || i >= field + 4)
      sum += std::to_integer<std::uint32_t>(bytes[i]);
  return ~sum == read_big_endian<std::uint32_t>(bytes, field);
}

std::uint64_t vhd_visible_size(bytes_view footer) {
  const auto geometry =
      std::uint64_t{read_big_endian<std::uint16_t>(footer, 56)} * read_byte(footer, 58) * read_byte(footer, 59);
  bool by_geometry = geometry != largest_geometry;
  for (const auto creator : current_size_creators)
    by_geometry = by_geometry && !holds(footer, 28, creator);
  return (by_geometry ? geometry : read_big_endian<std::uint64_t>(footer, 48) / 512) * 512;
}

result<void> check_vhd_footer(bytes_view footer) {
  if (!vhd_checksum_right(footer, 64))
    return refuse(error_code::image_corrupt,
                  "The checksum of the VHD's footer is wrong. The file is damaged: get it anew.");
  if (read_big_endian<std::uint16_t>(footer, 12) != 1)
    return refuse(error_code::unknown_feature,
                  "The VHD has a format version other than 1. Convert it with 'qemu-img convert -O vpc'.");
  if (read_big_endian<std::uint32_t>(footer, 60) == vhd_differencing_disk)
    return refuse(
        error_code::differencing_disk,
        "The VHD only holds the differences from a parent disk, which is never opened. Merge them with Hyper-V's "
        "'Merge-VHD' and import the result.");
  if (const auto size = vhd_visible_size(footer); size == 0 || size > largest_disk)
    return refuse(error_code::virtual_size_invalid,
                  "The VHD claims a virtual size of " + std::to_string(size) +
                      " bytes, which the format does not allow. The footer is damaged or forged: get the image anew.");
  return {};
}

result<vhd_dynamic_header> read_vhd_dynamic_header(bytes_view header, std::uint64_t header_offset, std::uint64_t size,
                                                   const std::optional<std::uint64_t>& total) {
  if (!holds(header, 0, header_cookie) || !vhd_checksum_right(header, 36))
    return refuse(
        error_code::image_corrupt,
        "The header of the dynamic VHD is missing or its checksum is wrong. The file is damaged: get it anew.");
  const vhd_dynamic_header found{read_big_endian<std::uint64_t>(header, 16), read_big_endian<std::uint32_t>(header, 28),
                                 read_big_endian<std::uint32_t>(header, 32)};
  const auto& [table, entries, block] = found;
  if (read_big_endian<std::uint32_t>(header, 24) != 0x00010000 || block < 512 || !std::has_single_bit(block) ||
      table % 512 != 0 || table < header_offset + vhd_dynamic_header_size)
    return refuse(
        error_code::image_corrupt,
        "The header of the dynamic VHD has an impossible version, block size or table place. The file is damaged: "
        "get it anew.");
  if (!all_zero(slice(header, 40, 16)) || !all_zero(slice(header, 576, 8 * parent_locator_size)))
    return refuse(
        error_code::differencing_disk,
        "The VHD names a parent disk, which is never opened. Merge the two with Hyper-V's 'Merge-VHD' and import "
        "the result.");
  if (size > entries * block)
    return refuse(error_code::virtual_size_invalid,
                  "The VHD claims a virtual size of " + std::to_string(size) +
                      " bytes, more than its block table covers. The header is damaged or forged: get the image anew.");
  if (total && !lies_within(table, entries * 4, *total))
    return refuse(error_code::image_truncated,
                  "The VHD ends before its block table does. The file was cut off: get it anew.");
  return found;
}

bool ends_with_vhd_footer(bytes_view tail) noexcept {
  return tail.size() >= vhd_footer_size && holds(tail, tail.size() - vhd_footer_size, vhd_footer_cookie);
}

result<std::uint64_t> judge_fixed_vhd(bytes_view tail, std::uint64_t total) {
  const auto footer = tail.last(vhd_footer_size);
  const auto judged = check_vhd_footer(footer);
  if (!judged)
    return schemas::unexpected<schemas::failure>{judged.error()};
  if (read_big_endian<std::uint32_t>(footer, 60) != vhd_fixed_disk)
    return refuse(
        error_code::image_corrupt,
        "The VHD's footer is that of a dynamic disk, but the file does not begin as one. It is damaged: get it "
        "anew.");
  const auto size = read_big_endian<std::uint64_t>(footer, 48);
  const auto held = total - vhd_footer_size;
  if (size > held || vhd_visible_size(footer) > held)
    return refuse(error_code::image_truncated, "The fixed VHD says it holds " + std::to_string(size) +
                                                   " bytes, but the file has only " + std::to_string(held) +
                                                   " before its footer. It was cut off: get it anew.");
  if (size != held)
    return refuse(error_code::image_corrupt, "The fixed VHD says it holds " + std::to_string(size) +
                                                 " bytes, but the file has " + std::to_string(held) +
                                                 " before its footer. It is damaged: get it anew.");
  return vhd_visible_size(footer);
}

}  // namespace sluice::actors::verification::formats
