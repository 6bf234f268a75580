// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/structure/qcow2/header.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "actors/verification/formats/bytes.hpp"

namespace sluice::actors::verification::structure::qcow2 {
namespace {

using formats::bytes_view;
using formats::read_big_endian;
using schemas::error_code;
using schemas::refuse;
using schemas::result;

constexpr std::string_view magic{"QFI\xfb", 4};
constexpr std::uint64_t version_2_header = 72;
constexpr std::uint64_t version_3_header = 104;
constexpr std::uint64_t compression_field = 104;
constexpr std::uint64_t farthest_front = 112;
constexpr std::uint32_t most_snapshots = 65536;

// Incompatible features, by bit.
constexpr std::uint64_t dirty = 1U << 0;
constexpr std::uint64_t corrupt = 1U << 1;
constexpr std::uint64_t external_data = 1U << 2;
constexpr std::uint64_t other_compression = 1U << 3;
constexpr std::uint64_t extended_l2 = 1U << 4;
// Autoclear features.
constexpr std::uint64_t bitmaps_consistent = 1U << 0;
constexpr std::uint64_t external_data_is_raw = 1U << 1;

constexpr std::uint32_t crypt_aes = 1;
constexpr std::uint32_t crypt_luks = 2;

result<void> check_what_it_refers_to(bytes_view front, std::uint64_t incompatible) {
  if (read_big_endian<std::uint64_t>(front, 8) != 0 || read_big_endian<std::uint32_t>(front, 16) != 0)
    return refuse(error_code::backing_file,
                  "The qcow2 image depends on a backing file, which is never opened. Merge the two with 'qemu-img "
                  "convert -O qcow2 IMAGE NEW' and import the result.");
  if ((incompatible & external_data) != 0)
    return refuse(error_code::external_data_file,
                  "The qcow2 image keeps its data in another file, which is never opened. Make a self-contained image "
                  "with 'qemu-img convert -O qcow2 IMAGE NEW' and import that.");
  return {};
}

result<void> check_features(std::uint64_t incompatible, std::uint8_t compression, const walk_policy& policy) {
  if ((incompatible & ~(dirty | corrupt | external_data | other_compression | extended_l2)) != 0)
    return refuse(error_code::unknown_feature,
                  "The qcow2 image uses an incompatible feature that is not known here (only bits 0 to 4 are). Write "
                  "it anew with 'qemu-img convert -O qcow2 IMAGE NEW'.");
  if ((incompatible & corrupt) != 0)
    return refuse(error_code::image_corrupt,
                  "The qcow2 image is marked corrupt. Repair it with 'qemu-img check -r all IMAGE', check what it "
                  "holds, and import it again.");
  if ((incompatible & dirty) != 0 && !policy.accept_dirty)
    return refuse(error_code::image_corrupt,
                  "The qcow2 image is marked dirty: it was not closed properly, and its reference counts may be wrong. "
                  "Repair it with 'qemu-img check -r all IMAGE' and import it again.");
  if (compression > 1)
    return refuse(error_code::unknown_feature,
                  "The qcow2 image names a compression that is neither zlib (0) nor zstd (1). Write it anew with "
                  "'qemu-img convert -c -O qcow2 IMAGE NEW'.");
  if ((compression != 0) != ((incompatible & other_compression) != 0))
    return damaged(error_code::image_corrupt,
                   "The qcow2 header's compression type and its feature bit contradict each other");
  return {};
}

result<void> check_encryption(std::uint32_t method) {
  if (method == crypt_aes)
    return refuse(error_code::image_encrypted,
                  "The qcow2 image uses the old AES encryption, which no hypervisor reads any more. Convert it to LUKS "
                  "or decrypt it with 'qemu-img convert'.");
  if (method > crypt_luks)
    return refuse(error_code::unknown_feature,
                  "The qcow2 image uses an encryption method that is not known here. Decrypt it with 'qemu-img "
                  "convert'.");
  return {};
}

result<void> check_geometry(const header& fields, std::uint64_t length) {
  if (fields.cluster_bits < 9 || fields.cluster_bits > 21)
    return damaged(error_code::image_corrupt, "The qcow2 header's cluster size is 2 to the power of " +
                                                  std::to_string(fields.cluster_bits) +
                                                  "; it must be between 9 and 21");
  if (fields.version >= 3 && (length < version_3_header || length % 8 != 0 || length > fields.cluster()))
    return damaged(error_code::image_corrupt, "The qcow2 header gives its own length as " + std::to_string(length) +
                                                  " bytes; it must be a multiple of 8 from 104 to a cluster");
  if (fields.refcount_order > 6)
    return damaged(error_code::image_corrupt, "The qcow2 header's reference counts are wider than 64 bits");
  if (fields.extended_l2 && fields.cluster_bits < 14)
    return damaged(error_code::image_corrupt,
                   "The qcow2 header asks for extended L2 entries with clusters under 16 KiB, which the format "
                   "forbids");
  return {};
}

result<void> check_tables(const header& fields) {
  const auto in_cluster = fields.cluster() - 1;
  if (fields.l1_entries > longest_l1_table / 8 || fields.refcount_clusters == 0 ||
      fields.refcount_clusters > longest_refcount_table / fields.cluster() || fields.snapshots > most_snapshots)
    return damaged(error_code::image_corrupt,
                   "The qcow2 header claims an L1 table, refcount table or number of snapshots of an impossible "
                   "length");
  if (((fields.l1_offset | fields.refcount_offset | fields.snapshots_offset) & in_cluster) != 0 ||
      fields.refcount_offset == 0 || (fields.l1_entries != 0 && fields.l1_offset == 0) ||
      (fields.snapshots != 0 && fields.snapshots_offset == 0))
    return damaged(error_code::image_corrupt, "A table of the qcow2 image does not start at a cluster's boundary");
  if (std::max({fields.l1_offset, fields.refcount_offset, fields.snapshots_offset}) >= farthest_offset)
    return damaged(error_code::image_corrupt, "A table of the qcow2 image lies beyond what the format can address");
  return {};
}

result<void> check_size(const header& fields, const walk_policy& policy) {
  if (fields.virtual_size() == 0 || fields.size > fields.l2_covers() * fields.l1_entries)
    return damaged(error_code::virtual_size_invalid,
                   "The qcow2 image claims a virtual size of " + std::to_string(fields.size) +
                       " bytes; it must be at least a sector and no more than its L1 table covers, which is " +
                       std::to_string(fields.l2_covers() * fields.l1_entries));
  if (policy.max_virtual_size != 0 && fields.virtual_size() > policy.max_virtual_size)
    return refuse(error_code::virtual_size_too_large,
                  "The qcow2 image is a disk of " + std::to_string(fields.virtual_size()) +
                      " bytes; the operator "
                      "allows " +
                      std::to_string(policy.max_virtual_size) + ". Import a smaller disk.");
  return {};
}

}  // namespace

schemas::unexpected<schemas::failure> damaged(error_code code, std::string what) {
  const auto* const advice = code == error_code::image_truncated
                                 ? ". The file was cut off: get it anew, and give 'expect.size' or 'expect.checksum' "
                                   "to notice it at once."
                                 : ". The image is damaged or forged: get it anew, or write it afresh with 'qemu-img "
                                   "convert -O qcow2 IMAGE NEW'.";
  return refuse(code, what + advice);
}

result<header> read_header(image_bytes& image, const walk_policy& policy) {
  const auto forward = [](const auto& judged) { return schemas::unexpected<schemas::failure>{judged.error()}; };
  if (image.size() < version_2_header)
    return damaged(error_code::image_truncated, "The qcow2 image ends inside its header");
  std::vector<std::byte> front(farthest_front);
  if (auto read = image.read(0, std::span{front}.first(std::min(image.size(), farthest_front))); !read)
    return forward(read);
  if (!formats::holds(front, 0, magic))
    return refuse(error_code::not_an_image,
                  "The file does not begin as a qcow2 image does. Check that the location names the disk "
                  "image itself.");
  header fields;
  fields.version = read_big_endian<std::uint32_t>(front, 4);
  if (fields.version != 2 && fields.version != 3)
    return refuse(error_code::unknown_feature, "The qcow2 image has version " + std::to_string(fields.version) +
                                                   "; versions 2 and 3 are known. Write it anew with 'qemu-img convert "
                                                   "-O qcow2 IMAGE NEW'.");
  fields.cluster_bits = read_big_endian<std::uint32_t>(front, 20);
  fields.size = read_big_endian<std::uint64_t>(front, 24);
  const auto encryption = read_big_endian<std::uint32_t>(front, 32);
  fields.l1_entries = read_big_endian<std::uint32_t>(front, 36);
  fields.l1_offset = read_big_endian<std::uint64_t>(front, 40);
  fields.refcount_offset = read_big_endian<std::uint64_t>(front, 48);
  fields.refcount_clusters = read_big_endian<std::uint32_t>(front, 56);
  fields.snapshots = read_big_endian<std::uint32_t>(front, 60);
  fields.snapshots_offset = read_big_endian<std::uint64_t>(front, 64);
  std::uint64_t incompatible = 0;
  std::uint64_t autoclear = 0;
  std::uint64_t length = version_2_header;
  std::uint8_t compression = 0;
  if (fields.version >= 3) {
    incompatible = read_big_endian<std::uint64_t>(front, 72);
    autoclear = read_big_endian<std::uint64_t>(front, 88);
    fields.refcount_order = read_big_endian<std::uint32_t>(front, 96);
    length = read_big_endian<std::uint32_t>(front, 100);
    if (length > version_3_header)
      compression = formats::read_byte(front, compression_field);
  }
  fields.extended_l2 = (incompatible & extended_l2) != 0;
  const auto judged = check_what_it_refers_to(front, incompatible)
                          .and_then([&] { return check_features(incompatible, compression, policy); })
                          .and_then([&] { return check_encryption(encryption); })
                          .and_then([&] { return check_geometry(fields, length); })
                          .and_then([&] { return check_tables(fields); })
                          .and_then([&] { return check_size(fields, policy); });
  if (!judged)
    return forward(judged);
  fields.compression = compression == 0 ? compression_type::zlib : compression_type::zstd;
  std::vector<std::byte> first_cluster(std::min(image.size(), fields.cluster()));
  if (auto read = image.read(0, first_cluster); !read)
    return forward(read);
  if ((autoclear & external_data_is_raw) != 0)
    return damaged(error_code::image_corrupt,
                   "The qcow2 image says that its external data file is raw, but it has no external data file");
  const bool bitmaps_valid = fields.version >= 3 && (autoclear & bitmaps_consistent) != 0;
  if (auto read = read_extensions(fields, first_cluster, length, bitmaps_valid, encryption == crypt_luks); !read)
    return forward(read);
  return fields;
}

}  // namespace sluice::actors::verification::structure::qcow2
