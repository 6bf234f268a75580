// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/qcow2.hpp"

#include <algorithm>
#include <string>

namespace sluice::actors::verification::formats {
namespace {

using schemas::error_code;
using schemas::refuse;
using schemas::result;

constexpr std::string_view magic{"QFI\xfb", 4};
constexpr std::uint64_t version_2_header = 72;
constexpr std::uint64_t version_3_header = 104;

// Incompatible features, by bit.
constexpr std::uint64_t dirty = 1U << 0;
constexpr std::uint64_t corrupt = 1U << 1;
constexpr std::uint64_t external_data = 1U << 2;
constexpr std::uint64_t other_compression = 1U << 3;
constexpr std::uint64_t extended_l2 = 1U << 4;

// Header extensions, by type.
constexpr std::uint32_t extension_end = 0x00000000;
constexpr std::uint32_t extension_backing_format = 0xE2792ACA;
constexpr std::uint32_t extension_data_file = 0x44415441;

constexpr std::uint64_t longest_l1_table = 32U << 20;       // bytes; QEMU's own limit
constexpr std::uint64_t longest_refcount_table = 8U << 20;  // bytes; QEMU's own limit

struct header {
  std::uint32_t version = 0;
  std::uint64_t backing_file_offset = 0;
  std::uint32_t backing_file_size = 0;
  std::uint32_t cluster_bits = 0;
  std::uint64_t size = 0;
  std::uint32_t crypt_method = 0;
  std::uint32_t l1_entries = 0;
  std::uint64_t l1_offset = 0;
  std::uint64_t refcount_offset = 0;
  std::uint32_t refcount_clusters = 0;
  std::uint32_t snapshots = 0;
  std::uint64_t snapshots_offset = 0;
  std::uint64_t incompatible = 0;
  std::uint32_t refcount_order = 4;
  std::uint64_t length = version_2_header;
  std::uint8_t compression = 0;

  [[nodiscard]] std::uint64_t cluster() const noexcept { return std::uint64_t{1} << cluster_bits; }
};

header read_header(bytes_view front) {
  header fields;
  fields.version = read_big_endian<std::uint32_t>(front, 4);
  fields.backing_file_offset = read_big_endian<std::uint64_t>(front, 8);
  fields.backing_file_size = read_big_endian<std::uint32_t>(front, 16);
  fields.cluster_bits = read_big_endian<std::uint32_t>(front, 20);
  fields.size = read_big_endian<std::uint64_t>(front, 24);
  fields.crypt_method = read_big_endian<std::uint32_t>(front, 32);
  fields.l1_entries = read_big_endian<std::uint32_t>(front, 36);
  fields.l1_offset = read_big_endian<std::uint64_t>(front, 40);
  fields.refcount_offset = read_big_endian<std::uint64_t>(front, 48);
  fields.refcount_clusters = read_big_endian<std::uint32_t>(front, 56);
  fields.snapshots = read_big_endian<std::uint32_t>(front, 60);
  fields.snapshots_offset = read_big_endian<std::uint64_t>(front, 64);
  if (fields.version >= 3) {
    fields.incompatible = read_big_endian<std::uint64_t>(front, 72);
    fields.refcount_order = read_big_endian<std::uint32_t>(front, 96);
    fields.length = read_big_endian<std::uint32_t>(front, 100);
    if (fields.length > version_3_header)
      fields.compression = read_byte(front, version_3_header);
  }
  return fields;
}

result<void> check_what_it_refers_to(const header& fields) {
  if (fields.backing_file_offset != 0 || fields.backing_file_size != 0)
    return refuse(error_code::backing_file,
                  "The qcow2 image depends on a backing file, which is never opened. Merge the two with 'qemu-img "
                  "convert -O qcow2 IMAGE NEW' and import the result.");
  if ((fields.incompatible & external_data) != 0)
    return refuse(error_code::external_data_file,
                  "The qcow2 image keeps its data in another file, which is never opened. Make a self-contained image "
                  "with 'qemu-img convert -O qcow2 IMAGE NEW' and import that.");
  return {};
}

result<void> check_features(const header& fields) {
  constexpr auto known = dirty | corrupt | external_data | other_compression | extended_l2;
  if ((fields.incompatible & ~known) != 0)
    return refuse(
        error_code::unknown_feature,
        "The qcow2 image uses an incompatible feature that is not known here (only bits 0 to 4 are). Write it "
        "anew with 'qemu-img convert -O qcow2 IMAGE NEW'.");
  if ((fields.incompatible & corrupt) != 0)
    return refuse(
        error_code::image_corrupt,
        "The qcow2 image is marked corrupt. Repair it with 'qemu-img check -r all IMAGE', check what it holds, "
        "and import it again.");
  if ((fields.incompatible & dirty) != 0)
    return refuse(error_code::image_corrupt,
                  "The qcow2 image is marked dirty: it was not closed properly, and its reference counts may be wrong. "
                  "Repair it with 'qemu-img check -r leaks IMAGE' and import it again.");
  if (fields.compression > 1)
    return refuse(error_code::unknown_feature,
                  "The qcow2 image names a compression that is neither zlib (0) nor zstd (1). Write it anew with "
                  "'qemu-img convert -c -O qcow2 IMAGE NEW'.");
  if ((fields.compression != 0) != ((fields.incompatible & other_compression) != 0))
    return refuse(error_code::image_corrupt,
                  "The qcow2 header's compression type and its feature bit contradict each other. Write the image anew "
                  "with 'qemu-img convert -O qcow2 IMAGE NEW'.");
  if (fields.crypt_method == 1)
    return refuse(error_code::image_encrypted,
                  "The qcow2 image uses the old AES encryption, which no hypervisor reads any more. Convert it to LUKS "
                  "or decrypt it with 'qemu-img convert'.");
  if (fields.crypt_method > 2)
    return refuse(
        error_code::unknown_feature,
        "The qcow2 image uses an encryption method that is not known here. Decrypt it with 'qemu-img convert'.");
  return {};
}

result<void> check_geometry(const header& fields) {
  if (fields.version != 2 && fields.version != 3)
    return refuse(error_code::unknown_feature, "The qcow2 image has version " + std::to_string(fields.version) +
                                                   "; versions 2 and 3 are known. Write it anew with 'qemu-img convert "
                                                   "-O qcow2 IMAGE NEW'.");
  if (fields.cluster_bits < 9 || fields.cluster_bits > 21)
    return refuse(error_code::image_corrupt,
                  "The qcow2 header's cluster size is 2 to the power of " + std::to_string(fields.cluster_bits) +
                      "; it must be between 9 and 21. The header is damaged: get the image anew.");
  const bool length_right = fields.version == 2 || (fields.length >= version_3_header && fields.length % 8 == 0 &&
                                                    fields.length <= fields.cluster());
  if (!length_right)
    return refuse(error_code::image_corrupt, "The qcow2 header gives its own length as " +
                                                 std::to_string(fields.length) +
                                                 " bytes, which cannot be. The header is damaged: get the image anew.");
  if (fields.refcount_order > 6)
    return refuse(
        error_code::image_corrupt,
        "The qcow2 header's reference counts are wider than 64 bits. The header is damaged: get the image anew.");
  if ((fields.incompatible & extended_l2) != 0 && fields.cluster_bits < 14)
    return refuse(
        error_code::image_corrupt,
        "The qcow2 header asks for extended L2 entries with clusters under 16 KiB, which the format forbids.");
  return {};
}

bool overlap(std::uint64_t a, std::uint64_t a_length, std::uint64_t b, std::uint64_t b_length) noexcept {
  return a < b + b_length && b < a + a_length;
}

result<void> check_tables(const header& fields, const std::optional<std::uint64_t>& total) {
  const auto cluster = fields.cluster();
  const std::uint64_t l1_bytes = std::uint64_t{fields.l1_entries} * 8;
  const std::uint64_t refcount_bytes = std::uint64_t{fields.refcount_clusters} * cluster;
  if (l1_bytes > longest_l1_table || refcount_bytes > longest_refcount_table || fields.refcount_clusters == 0)
    return refuse(
        error_code::image_corrupt,
        "The qcow2 header claims an L1 or refcount table of an impossible length. The header is damaged: get the "
        "image anew.");
  if (fields.l1_offset % cluster != 0 || fields.refcount_offset % cluster != 0 || fields.refcount_offset == 0 ||
      (fields.l1_offset == 0 && fields.l1_entries != 0) || fields.snapshots_offset % 8 != 0)
    return refuse(
        error_code::image_corrupt,
        "A table of the qcow2 image does not start at a cluster's boundary. The header is damaged: get the image "
        "anew.");
  constexpr auto farthest = std::uint64_t{1} << 56;
  if (fields.l1_offset >= farthest || fields.refcount_offset >= farthest || fields.snapshots_offset >= farthest)
    return refuse(error_code::image_corrupt,
                  "A table of the qcow2 image lies beyond what the format can address. The header is damaged: get the "
                  "image anew.");
  if (l1_bytes != 0 && overlap(fields.l1_offset, l1_bytes, fields.refcount_offset, refcount_bytes))
    return refuse(error_code::image_corrupt,
                  "The L1 and refcount tables of the qcow2 image overlap. The header is damaged: get the image anew.");
  const std::uint64_t l2_entry = (fields.incompatible & extended_l2) != 0 ? 16 : 8;
  const auto l2_covers = cluster / l2_entry * cluster;  // at most 2^39 bytes of guest data for one L1 entry
  if (fields.size > l2_covers * fields.l1_entries)
    return refuse(error_code::virtual_size_invalid,
                  "The qcow2 image claims a virtual size of " + std::to_string(fields.size) +
                      " bytes, more than its L1 table covers. The header is damaged or forged: get the image anew.");
  if (!total)
    return {};
  if (!lies_within(fields.l1_offset, l1_bytes, *total) ||
      !lies_within(fields.refcount_offset, refcount_bytes, *total) ||
      (fields.snapshots != 0 && fields.snapshots_offset >= *total))
    return refuse(
        error_code::image_truncated,
        "The qcow2 image ends before a table that its header names. The file was cut off: get it anew, and give "
        "'expect.size' or 'expect.checksum' to notice it at once.");
  return {};
}

/// The extensions stand between the header and the end of the first cluster.
result<void> check_extensions(const header& fields, const image_window& window) {
  auto offset = fields.version == 2 ? version_2_header : fields.length;
  const auto end = std::min<std::uint64_t>(fields.cluster(), front_capacity);
  while (offset + 8 <= end) {
    if (offset + 8 > window.front.size())
      return {};
    const auto type = read_big_endian<std::uint32_t>(window.front, offset);
    const std::uint64_t length = read_big_endian<std::uint32_t>(window.front, offset + 4);
    if (type == extension_end)
      return {};
    if (type == extension_data_file)
      return refuse(
          error_code::external_data_file,
          "The qcow2 image names an external data file, which is never opened. Make a self-contained image with "
          "'qemu-img convert -O qcow2 IMAGE NEW' and import that.");
    if (type == extension_backing_format && length != 0)
      return refuse(
          error_code::backing_file,
          "The qcow2 image names the format of a backing file. Make a self-contained image with 'qemu-img convert "
          "-O qcow2 IMAGE NEW' and import that.");
    if (length > end - offset - 8)
      return refuse(
          error_code::image_corrupt,
          "A header extension of the qcow2 image is longer than the place for it. The header is damaged: get the "
          "image anew.");
    offset += 8 + round_up(length, 8);
  }
  return {};
}

}  // namespace

presence qcow2_inspector::recognise(const image_window& window) {
  const auto found = magic_at(window, 0, magic);
  if (found != presence::present)
    return found;
  if (window.front.size() < 8 && !window.front_closed())
    return presence::undecided;
  // Version 1 is another format, with an inspector of its own.
  return read_big_endian<std::uint32_t>(window.front, 4) == 1 ? presence::absent : presence::present;
}

result<void> qcow2_inspector::examine(const image_window& window) {
  if (window.front.size() < 112 && !window.ended)
    return {};
  if (window.front.size() < version_2_header)
    return refuse(error_code::image_truncated,
                  "The qcow2 image ends inside its header. The file was cut off: get it anew.");
  const auto fields = read_header(window.front);
  const auto judged = check_what_it_refers_to(fields)
                          .and_then([&] { return check_geometry(fields); })
                          .and_then([&] { return check_features(fields); })
                          .and_then([&] { return check_extensions(fields, window); })
                          .and_then([&] { return check_tables(fields, window.total); });
  if (judged)
    virtual_size_ = std::min(fields.size, std::uint64_t{1} << 62) / 512 * 512;  // whole sectors, as QEMU sees them
  return judged;
}

result<std::uint64_t> qcow2_inspector::finish(const image_window& window) {
  auto judged = examine(window);
  if (!judged)
    return schemas::unexpected<schemas::failure>{std::move(judged.error())};
  return virtual_size_.value_or(0);
}

}  // namespace sluice::actors::verification::formats
