// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/vhd.hpp"

#include <bit>

namespace sluice::actors::verification::formats {
namespace {

using schemas::error_code;
using schemas::refuse;
using schemas::result;

constexpr std::string_view footer_cookie = "conectix";
constexpr std::string_view header_cookie = "cxsparse";
constexpr std::size_t dynamic_header_size = 1024;
constexpr std::uint32_t fixed_disk = 2;
constexpr std::uint32_t dynamic_disk = 3;
constexpr std::uint32_t differencing_disk = 4;
constexpr std::uint64_t largest_geometry = std::uint64_t{65535} * 16 * 255;  // sectors

/// The ones' complement of the sum of all bytes but the checksum's own four.
bool checksum_right(bytes_view bytes, std::size_t field) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    if (i < field || i >= field + 4)
      sum += std::to_integer<std::uint32_t>(bytes[i]);
  return ~sum == read_big_endian<std::uint32_t>(bytes, field);
}

/// Virtual PC sizes a disk by its geometry, Hyper-V and the others by the footer's size field. QEMU tells them apart by
/// the creator's name, except where the geometry is at its maximum; a disk must have the size its reader will see.
std::uint64_t visible_size(bytes_view footer) {
  const auto geometry =
      std::uint64_t{read_big_endian<std::uint16_t>(footer, 56)} * read_byte(footer, 58) * read_byte(footer, 59);
  bool by_geometry = geometry != largest_geometry;
  for (const std::string_view creator : {"win ", "qem2", "d2v ", "CTXS"})
    by_geometry = by_geometry && !holds(footer, 28, creator);
  by_geometry = by_geometry && !holds(footer, 28, {"tap\0", 4}) && !holds(footer, 28, {"wa\0\0", 4});
  return (by_geometry ? geometry : read_big_endian<std::uint64_t>(footer, 48) / 512) * 512;
}

result<void> check_footer(bytes_view footer) {
  if (!checksum_right(footer, 64))
    return refuse(error_code::image_corrupt,
                  "The checksum of the VHD's footer is wrong. The file is damaged: get it anew.");
  if (read_big_endian<std::uint16_t>(footer, 12) != 1)
    return refuse(error_code::unknown_feature,
                  "The VHD has a format version other than 1. Convert it with 'qemu-img convert -O vpc'.");
  if (read_big_endian<std::uint32_t>(footer, 60) == differencing_disk)
    return refuse(
        error_code::differencing_disk,
        "The VHD only holds the differences from a parent disk, which is never opened. Merge them with Hyper-V's "
        "'Merge-VHD' and import the result.");
  return {};
}

result<void> check_dynamic_header(bytes_view header, std::uint64_t header_offset, std::uint64_t size,
                                  const std::optional<std::uint64_t>& total) {
  if (!holds(header, 0, header_cookie) || !checksum_right(header, 36))
    return refuse(
        error_code::image_corrupt,
        "The header of the dynamic VHD is missing or its checksum is wrong. The file is damaged: get it anew.");
  const auto table = read_big_endian<std::uint64_t>(header, 16);
  const std::uint64_t entries = read_big_endian<std::uint32_t>(header, 28);
  const std::uint64_t block = read_big_endian<std::uint32_t>(header, 32);
  if (read_big_endian<std::uint32_t>(header, 24) != 0x00010000 || block < 512 || !std::has_single_bit(block) ||
      table % 512 != 0 || table < header_offset + dynamic_header_size)
    return refuse(
        error_code::image_corrupt,
        "The header of the dynamic VHD has an impossible version, block size or table place. The file is damaged: "
        "get it anew.");
  if (!all_zero(slice(header, 40, 16)))
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
  return {};
}

}  // namespace

presence vhd_inspector::recognise(const image_window& window) {
  return magic_at(window, 0, footer_cookie);
}

result<void> vhd_inspector::examine(const image_window& window) {
  const auto front = window.front;
  if (front.size() < vhd_footer_size) {
    if (!window.ended)
      return {};
    return refuse(error_code::image_truncated, "The VHD ends inside its header. The file was cut off: get it anew.");
  }
  const auto footer = front.first(vhd_footer_size);
  const auto judged = check_footer(footer);
  if (!judged)
    return judged;
  if (read_big_endian<std::uint32_t>(footer, 60) != dynamic_disk)
    return refuse(
        error_code::image_corrupt,
        "The file begins with a VHD footer that is not a dynamic disk's. It is damaged or was put together wrongly: "
        "get it anew.");
  const auto header_offset = read_big_endian<std::uint64_t>(footer, 16);
  if (header_offset < vhd_footer_size || header_offset > front_capacity - dynamic_header_size)
    return refuse(
        error_code::image_corrupt,
        "The VHD's header is not behind the copy of its footer. Write it anew with 'qemu-img convert -O vpc'.");
  if (front.size() < header_offset + dynamic_header_size) {
    if (!window.ended)
      return {};
    return refuse(error_code::image_truncated, "The VHD ends inside its header. The file was cut off: get it anew.");
  }
  virtual_size_ = visible_size(footer);
  return check_dynamic_header(slice(front, header_offset, dynamic_header_size), header_offset, *virtual_size_,
                              window.total);
}

result<std::uint64_t> vhd_inspector::finish(const image_window& window) {
  const auto judged = examine(window);
  if (!judged)
    return schemas::unexpected<schemas::failure>{judged.error()};
  // The last thing written is the footer: a dynamic disk without it was cut off.
  if (!ends_with_vhd_footer(window.tail))
    return refuse(error_code::image_truncated,
                  "The dynamic VHD does not end with its footer. The file was cut off: get it anew.");
  if (!checksum_right(window.tail.last(vhd_footer_size), 64))
    return refuse(error_code::image_corrupt,
                  "The checksum of the footer at the VHD's end is wrong. The file is damaged: get it anew.");
  return virtual_size_.value_or(0);
}

bool ends_with_vhd_footer(bytes_view tail) noexcept {
  return tail.size() >= vhd_footer_size && holds(tail, tail.size() - vhd_footer_size, footer_cookie);
}

result<std::uint64_t> judge_fixed_vhd(bytes_view tail, std::uint64_t total) {
  const auto footer = tail.last(vhd_footer_size);
  const auto judged = check_footer(footer);
  if (!judged)
    return schemas::unexpected<schemas::failure>{judged.error()};
  if (read_big_endian<std::uint32_t>(footer, 60) != fixed_disk)
    return refuse(
        error_code::image_corrupt,
        "The VHD's footer is that of a dynamic disk, but the file does not begin as one. It is damaged: get it "
        "anew.");
  const auto size = read_big_endian<std::uint64_t>(footer, 48);
  const auto held = total - vhd_footer_size;
  if (size > held || visible_size(footer) > held)
    return refuse(error_code::image_truncated, "The fixed VHD says it holds " + std::to_string(size) +
                                                   " bytes, but the file has only " + std::to_string(held) +
                                                   " before its footer. It was cut off: get it anew.");
  if (size != held)
    return refuse(error_code::image_corrupt, "The fixed VHD says it holds " + std::to_string(size) +
                                                 " bytes, but the file has " + std::to_string(held) +
                                                 " before its footer. It is damaged: get it anew.");
  return visible_size(footer);
}

}  // namespace sluice::actors::verification::formats
