// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/vhd.hpp"

namespace sluice::actors::verification::formats {

using schemas::error_code;
using schemas::refuse;
using schemas::result;

presence vhd_inspector::recognise(const image_window& window) {
  return magic_at(window, 0, vhd_footer_cookie);
}

result<void> vhd_inspector::examine(const image_window& window) {
  const auto front = window.front;
  if (front.size() < vhd_footer_size) {
    if (!window.ended)
      return {};
    return refuse(error_code::image_truncated, "The VHD ends inside its header. The file was cut off: get it anew.");
  }
  const auto footer = front.first(vhd_footer_size);
  const auto judged = check_vhd_footer(footer);
  if (!judged)
    return judged;
  if (read_big_endian<std::uint32_t>(footer, 60) != vhd_dynamic_disk)
    return refuse(
        error_code::image_corrupt,
        "The file begins with a VHD footer that is not a dynamic disk's. It is damaged or was put together wrongly: "
        "get it anew.");
  const auto header_offset = read_big_endian<std::uint64_t>(footer, 16);
  if (header_offset < vhd_footer_size || header_offset > front_capacity - vhd_dynamic_header_size)
    return refuse(
        error_code::image_corrupt,
        "The VHD's header is not behind the copy of its footer. Write it anew with 'qemu-img convert -O vpc'.");
  if (front.size() < header_offset + vhd_dynamic_header_size) {
    if (!window.ended)
      return {};
    return refuse(error_code::image_truncated, "The VHD ends inside its header. The file was cut off: get it anew.");
  }
  virtual_size_ = vhd_visible_size(footer);
  const auto header = read_vhd_dynamic_header(slice(front, header_offset, vhd_dynamic_header_size), header_offset,
                                              *virtual_size_, window.total);
  return header ? result<void>{} : schemas::unexpected<schemas::failure>{header.error()};
}

result<std::uint64_t> vhd_inspector::finish(const image_window& window) {
  const auto judged = examine(window);
  if (!judged)
    return schemas::unexpected<schemas::failure>{judged.error()};
  // The last thing written is the footer: a dynamic disk without it was cut off.
  if (!ends_with_vhd_footer(window.tail))
    return refuse(error_code::image_truncated,
                  "The dynamic VHD does not end with its footer. The file was cut off: get it anew.");
  if (!vhd_checksum_right(window.tail.last(vhd_footer_size), 64))
    return refuse(error_code::image_corrupt,
                  "The checksum of the footer at the VHD's end is wrong. The file is damaged: get it anew.");
  return virtual_size_.value_or(0);
}

}  // namespace sluice::actors::verification::formats
