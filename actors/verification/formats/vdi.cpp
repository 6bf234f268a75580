// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/vdi.hpp"

namespace sluice::actors::verification::formats {
namespace {

using schemas::error_code;
using schemas::refuse;
using schemas::result;

constexpr std::size_t signature_offset = 0x40;
constexpr std::string_view signature{"\x7f\x10\xda\xbe", 4};
constexpr std::size_t header_end = 0x200;
constexpr std::uint64_t block_size = 1 << 20;
constexpr std::uint32_t version_1_1 = 0x00010001;
constexpr std::uint32_t dynamic_disk = 1;
constexpr std::uint32_t static_disk = 2;

result<void> check_geometry(bytes_view front) {
  const auto block_map = read_little_endian<std::uint32_t>(front, 0x154);
  const auto data = read_little_endian<std::uint32_t>(front, 0x158);
  const auto sector = read_little_endian<std::uint32_t>(front, 0x168);
  const auto size = read_little_endian<std::uint64_t>(front, 0x170);
  const std::uint64_t blocks = read_little_endian<std::uint32_t>(front, 0x180);
  const std::uint64_t allocated = read_little_endian<std::uint32_t>(front, 0x184);
  if (read_little_endian<std::uint32_t>(front, 0x178) != block_size)
    return refuse(
        error_code::unknown_feature,
        "The VDI's blocks are not 1 MiB long, which hypervisors other than VirtualBox cannot read. Convert it with "
        "'VBoxManage clonemedium' or 'qemu-img convert -O qcow2'.");
  if (sector != 512 || block_map % 512 != 0 || data % 512 != 0 || block_map < 0x200 || data < block_map + blocks * 4 ||
      allocated > blocks)
    return refuse(
        error_code::image_corrupt,
        "The VDI header's block map and data overlap or are not aligned. The header is damaged: get the image "
        "anew.");
  if (size > blocks * block_size)
    return refuse(error_code::virtual_size_invalid,
                  "The VDI claims a virtual size of " + std::to_string(size) + " bytes, more than its " +
                      std::to_string(blocks) + " blocks hold. The header is damaged or forged: get the image anew.");
  return {};
}

}  // namespace

presence vdi_inspector::recognise(const image_window& window) {
  return magic_at(window, signature_offset, signature);
}

result<void> vdi_inspector::examine(const image_window& window) {
  const auto front = window.front;
  if (front.size() < header_end) {
    if (!window.ended)
      return {};
    return refuse(error_code::image_truncated, "The VDI ends inside its header. The file was cut off: get it anew.");
  }
  if (read_little_endian<std::uint32_t>(front, 0x44) != version_1_1)
    return refuse(
        error_code::unknown_feature,
        "The VDI has a version other than 1.1. Convert it with 'VBoxManage clonemedium' or 'qemu-img convert'.");
  const auto type = read_little_endian<std::uint32_t>(front, 0x4c);
  constexpr std::size_t identifier = 16;
  if ((type != dynamic_disk && type != static_disk) || !all_zero(slice(front, 0x1a8, identifier)) ||
      !all_zero(slice(front, 0x1b8, identifier)))
    return refuse(error_code::differencing_disk,
                  "The VDI only holds the differences from a parent disk, which is never opened. Merge them with "
                  "'VBoxManage clonemedium' and import the result.");
  const auto judged = check_geometry(front);
  if (!judged)
    return judged;
  virtual_size_ = round_up(read_little_endian<std::uint64_t>(front, 0x170), 512);
  const std::uint64_t data = read_little_endian<std::uint32_t>(front, 0x158);
  const std::uint64_t allocated = read_little_endian<std::uint32_t>(front, 0x184);
  if (window.total && data + allocated * block_size > *window.total)
    return refuse(error_code::image_truncated,
                  "The VDI says it holds " + std::to_string(allocated) + " blocks of 1 MiB, but the file has only " +
                      std::to_string(*window.total) + " bytes. It was cut off: get it anew.");
  return {};
}

result<std::uint64_t> vdi_inspector::finish(const image_window& window) {
  const auto judged = examine(window);
  if (!judged)
    return schemas::unexpected<schemas::failure>{judged.error()};
  return virtual_size_.value_or(0);
}

}  // namespace sluice::actors::verification::formats
