// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "actors/verification/formats/bytes.hpp"
#include "actors/verification/structure/qcow2/header.hpp"

namespace sluice::actors::verification::structure::qcow2 {
namespace {

using formats::bytes_view;
using formats::read_big_endian;
using schemas::error_code;
using schemas::refuse;
using schemas::result;

// Header extensions, by type. Any other passes: that is what extensions are for.
constexpr std::uint32_t extension_end = 0x00000000;
constexpr std::uint32_t extension_backing_format = 0xE2792ACA;
constexpr std::uint32_t extension_bitmaps = 0x23852875;
constexpr std::uint32_t extension_encryption = 0x0537BE77;
constexpr std::uint32_t extension_data_file = 0x44415441;

constexpr std::uint32_t most_bitmaps = 65535;
constexpr std::uint64_t longest_bitmap_directory = std::uint64_t{1024} * most_bitmaps;  // bytes; QEMU's own limit
constexpr std::uint64_t longest_encryption_header = std::uint64_t{64} << 20;

/// Cluster-aligned and addressable.
bool well_placed(const file_range& place, const header& fields) {
  return place.offset != 0 && place.offset % fields.cluster() == 0 && place.offset < farthest_offset;
}

result<void> read_encryption(header& fields, bytes_view content) {
  file_range place;
  place.offset = read_big_endian<std::uint64_t>(content, 0);
  place.length = read_big_endian<std::uint64_t>(content, 8);
  if (content.size() != 16 || fields.encryption_header || !well_placed(place, fields) || place.length == 0 ||
      place.length > longest_encryption_header)
    return damaged(error_code::image_corrupt,
                   "The qcow2 image's encryption header must be named once, start at a cluster's boundary and be at "
                   "most 64 MiB long; it is not");
  fields.encryption_header = place;
  return {};
}

result<void> read_bitmaps(header& fields, bytes_view content) {
  bitmap_directory directory;
  directory.bitmaps = read_big_endian<std::uint32_t>(content, 0);
  directory.place.length = read_big_endian<std::uint64_t>(content, 8);
  directory.place.offset = read_big_endian<std::uint64_t>(content, 16);
  if (content.size() != 24 || fields.bitmaps || read_big_endian<std::uint32_t>(content, 4) != 0 ||
      directory.bitmaps == 0 || directory.bitmaps > most_bitmaps || !well_placed(directory.place, fields) ||
      directory.place.length == 0 || directory.place.length > longest_bitmap_directory)
    return damaged(error_code::image_corrupt,
                   "The qcow2 image's bitmap directory must be named once, with 1 to 65535 bitmaps, at a cluster's "
                   "boundary; it is not");
  fields.bitmaps = directory;
  return {};
}

}  // namespace

result<void> read_extensions(header& fields, bytes_view first_cluster, std::uint64_t offset, bool bitmaps_valid,
                             bool encrypted) {
  const auto end = fields.cluster();
  while (offset + 8 <= end) {
    const auto type = read_big_endian<std::uint32_t>(first_cluster, offset);
    const std::uint64_t length = read_big_endian<std::uint32_t>(first_cluster, offset + 4);
    offset += 8;
    if (length > end - offset)
      return damaged(error_code::image_corrupt, "A header extension of the qcow2 image is " + std::to_string(length) +
                                                    " bytes long, but its first cluster has room for " +
                                                    std::to_string(end - offset));
    if (type == extension_end)
      break;
    if (!formats::lies_within(offset, length, first_cluster.size()))
      return damaged(error_code::image_truncated, "The qcow2 image ends inside a header extension");
    const auto content = first_cluster.subspan(offset, length);
    if (type == extension_data_file)
      return refuse(error_code::external_data_file,
                    "The qcow2 image names an external data file, which is never opened. Make a self-contained image "
                    "with 'qemu-img convert -O qcow2 IMAGE NEW' and import that.");
    if (type == extension_backing_format && length != 0)
      return refuse(error_code::backing_file,
                    "The qcow2 image names the format of a backing file. Make a self-contained image with 'qemu-img "
                    "convert -O qcow2 IMAGE NEW' and import that.");
    if (type == extension_encryption && !encrypted)
      return damaged(error_code::image_corrupt,
                     "The qcow2 image has an encryption header, but says that it is not encrypted with LUKS");
    result<void> read;
    if (type == extension_encryption)
      read = read_encryption(fields, content);
    else if (type == extension_bitmaps && bitmaps_valid)
      read = read_bitmaps(fields, content);
    if (!read)
      return read;
    offset = formats::round_up(offset + length, 8);
  }
  if (encrypted && !fields.encryption_header)
    return damaged(error_code::image_corrupt,
                   "The qcow2 image says that it is encrypted with LUKS, but has no "
                   "encryption header");
  return {};
}

}  // namespace sluice::actors::verification::structure::qcow2
