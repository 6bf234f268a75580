// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/vmdk_header.hpp"

#include <bit>

#include "actors/verification/formats/format_inspector.hpp"

namespace sluice::actors::verification::formats {

using schemas::error_code;
using schemas::refuse;
using schemas::result;

namespace {

constexpr std::uint32_t footer_marker = 3;

}  // namespace

schemas::unexpected<schemas::failure> vmdk_part_of_several() {
  return refuse(
      error_code::external_extent,
      "The VMDK has no descriptor of its own behind its header: it is one part of a disk in several files, which "
      "are never opened. Make one file with 'qemu-img convert -O vmdk -o subformat=streamOptimized'.");
}

result<void> check_vmdk_header(const vmdk_header& header) {
  constexpr std::uint32_t known_flags = 0x0003FFFF;  // the upper half, beyond these, is incompatible features
  if (header.version < 1 || header.version > 3 || (header.flags & ~known_flags) != 0 || header.compression > 1)
    return refuse(error_code::unknown_feature,
                  "The VMDK has a version, feature or compression that is not known here. Write it anew with 'qemu-img "
                  "convert -O vmdk -o subformat=streamOptimized IMAGE NEW'.");
  if (header.newline_test() && !holds(header.bytes, 73, "\n \r\n"))
    return refuse(error_code::image_corrupt,
                  "The VMDK was damaged by a transfer in text mode, which rewrote its line ends. Get it anew in binary "
                  "mode.");
  if (header.capacity == 0)
    return refuse(error_code::virtual_size_invalid,
                  "The VMDK's header gives the disk a size of 0. The header is damaged or forged: get the image anew.");
  if (header.capacity > vmdk_most_sectors || header.grain < 8 || header.grain > 0x200000 ||
      !std::has_single_bit(header.grain) || header.entries_per_table == 0 || header.entries_per_table > 0x10000)
    return refuse(
        error_code::image_corrupt,
        "The VMDK's header gives an impossible capacity or grain size. The header is damaged: get the image anew.");
  if (header.descriptor_offset != 1 || header.descriptor_size == 0 ||
      header.descriptor_size > front_capacity / vmdk_sector - 1)
    return vmdk_part_of_several();
  return {};
}

schemas::unexpected<schemas::failure> vmdk_truncated() {
  return refuse(
      error_code::image_truncated,
      "The VMDK ends before all that its header names. The file was cut off: get it anew, and give 'expect.size' "
      "or 'expect.checksum' to notice it at once.");
}

bool vmdk_directory_fits(const vmdk_header& header, std::uint64_t place, std::uint64_t total) {
  return place <= vmdk_most_sectors && lies_within(place * vmdk_sector, header.directory_bytes(), total);
}

result<void> check_vmdk_footer(const vmdk_header& header, bytes_view end, std::uint64_t total) {
  if (end.size() < vmdk_footer_length)
    return vmdk_truncated();
  const auto marker = end.first(vmdk_sector);
  const vmdk_header footer{end.subspan(vmdk_sector, vmdk_sector)};
  if (!all_zero(end.last(vmdk_sector)) || read_little_endian<std::uint32_t>(marker, 12) != footer_marker ||
      read_little_endian<std::uint32_t>(marker, 8) != 0 || !holds(footer.bytes, 0, "KDMV"))
    return refuse(
        error_code::image_truncated,
        "The stream-optimised VMDK does not end with its footer and end marker. The file was cut off: get it anew.");
  if (footer.version != header.version || footer.flags != header.flags || footer.capacity != header.capacity ||
      footer.grain != header.grain || footer.descriptor_offset != header.descriptor_offset ||
      footer.descriptor_size != header.descriptor_size || footer.entries_per_table != header.entries_per_table ||
      footer.compression != header.compression || footer.directory == vmdk_directory_at_end)
    return refuse(error_code::image_corrupt,
                  "The VMDK's footer and header contradict each other. The file is damaged or forged: get it anew.");
  if (!vmdk_directory_fits(footer, footer.directory, total))
    return vmdk_truncated();
  return {};
}

}  // namespace sluice::actors::verification::formats
