// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "actors/verification/structure/image_bytes.hpp"
#include "actors/verification/structure/walk.hpp"

/// The walk through a qcow2 image. Everything here follows QEMU's docs/interop/qcow2; where that leaves room, an image
/// is sound when QEMU opens it and `qemu-img check` finds no error in it.
namespace sluice::actors::verification::structure::qcow2 {

enum class compression_type : std::uint8_t { zlib = 0, zstd = 1 };

/// A header extension's reference to a place in the file.
struct file_range {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

struct bitmap_directory {
  std::uint32_t bitmaps = 0;
  file_range place;
};

/// A header that was judged: every field is within the format's limits, nothing outside the file is named, and the
/// arithmetic below cannot overflow. The places it names are not yet proven to be in the file.
struct header {
  std::uint32_t version = 0;
  std::uint32_t cluster_bits = 0;  ///< 9 to 21
  std::uint64_t size = 0;          ///< bytes, as written
  std::uint32_t l1_entries = 0;    ///< at most 4 Mi
  std::uint64_t l1_offset = 0;
  std::uint64_t refcount_offset = 0;
  std::uint32_t refcount_clusters = 0;  ///< together at most 8 MiB
  std::uint32_t refcount_order = 4;     ///< a count is 2^order bits wide; 0 to 6
  std::uint32_t snapshots = 0;          ///< at most 65536
  std::uint64_t snapshots_offset = 0;
  bool extended_l2 = false;
  compression_type compression = compression_type::zlib;
  std::optional<file_range> encryption_header;
  std::optional<bitmap_directory> bitmaps;

  [[nodiscard]] std::uint64_t cluster() const noexcept { return std::uint64_t{1} << cluster_bits; }
  [[nodiscard]] std::uint64_t l2_entry_bytes() const noexcept { return extended_l2 ? 16 : 8; }
  [[nodiscard]] std::uint64_t l2_entries() const noexcept { return cluster() / l2_entry_bytes(); }
  /// Bytes of the guest's disk behind one L1 entry; at most 2^39.
  [[nodiscard]] std::uint64_t l2_covers() const noexcept { return l2_entries() << cluster_bits; }
  /// What the guest sees: whole sectors.
  [[nodiscard]] std::uint64_t virtual_size() const noexcept { return size / 512 * 512; }
};

constexpr std::uint64_t longest_l1_table = std::uint64_t{32} << 20;       ///< bytes; QEMU's own limit
constexpr std::uint64_t longest_refcount_table = std::uint64_t{8} << 20;  ///< bytes; QEMU's own limit
constexpr std::uint64_t farthest_offset = std::uint64_t{1} << 56;         ///< what tables can address

/// Reads and judges the header and its extensions.
[[nodiscard]] schemas::result<header> read_header(image_bytes& image, const walk_policy& policy);

/// Follows the extensions in `first_cluster` from `offset` to their end, into `fields`. `bitmaps_valid` is the
/// autoclear bit that says whether the bitmaps still fit the image; `encrypted` whether an encryption header must be
/// there.
[[nodiscard]] schemas::result<void> read_extensions(header& fields, std::span<const std::byte> first_cluster,
                                                    std::uint64_t offset, bool bitmaps_valid, bool encrypted);

/// "WHAT. The image is damaged: …" with the advice that fits a damaged qcow2.
[[nodiscard]] schemas::unexpected<schemas::failure> damaged(schemas::error_code code, std::string what);

}  // namespace sluice::actors::verification::structure::qcow2
