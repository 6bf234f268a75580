// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "tests/hostile/images/writer.hpp"

namespace sluice::tests::hostile {

/// A qcow2 (QEMU docs/interop/qcow2.txt) with clusters of 4 KiB, put together cluster by cluster: header, refcount
/// table, one refcount block, L1 table, one L2 table, then what is added. `finish` writes the reference counts that
/// belong to it; what is put into `bytes` afterwards is wrong in exactly that way.
struct qcow2_disk {
  static constexpr std::size_t cluster = 4096;
  static constexpr std::size_t refcount_table = 1 * cluster;
  static constexpr std::size_t refcount_block = 2 * cluster;
  static constexpr std::size_t l1_table = 3 * cluster;
  static constexpr std::size_t l2_table = 4 * cluster;
  static constexpr std::uint64_t copied = std::uint64_t{1} << 63;
  static constexpr std::uint64_t compressed = std::uint64_t{1} << 62;
  static constexpr std::uint64_t virtual_size = 1 << 20;

  image_bytes bytes;
  std::vector<std::uint64_t> counts;

  explicit qcow2_disk(std::uint64_t version = 3) {
    put_text(bytes, 0, "QFI\xfb");
    put_big(bytes, 4, 4, version);
    put_big(bytes, 20, 4, 12);
    put_big(bytes, 24, 8, virtual_size);
    put_big(bytes, 36, 4, 1);
    put_big(bytes, 40, 8, l1_table);
    put_big(bytes, 48, 8, refcount_table);
    put_big(bytes, 56, 4, 1);
    if (version >= 3) {
      put_big(bytes, 96, 4, 4);
      put_big(bytes, 100, 4, 104);
    }
    put_big(bytes, refcount_table, 8, refcount_block);
    put_big(bytes, l1_table, 8, l2_table | copied);
    bytes.resize(5 * cluster);
    counts.assign(5, 1);
  }

  /// A new cluster at the end; its offset.
  std::size_t add(std::uint64_t count = 1) {
    counts.push_back(count);
    bytes.resize(bytes.size() + cluster);
    return bytes.size() - cluster;
  }
  void put_l2(std::size_t index, std::uint64_t entry) { put_big(bytes, l2_table + 8 * index, 8, entry); }
  void put_count(std::size_t offset, std::uint64_t count) {
    put_big(bytes, refcount_block + 2 * (offset / cluster), 2, count);
  }
  /// A new cluster of data behind the guest's cluster `index`.
  std::size_t add_data(std::size_t index) {
    const auto offset = add();
    put_byte(bytes, offset, 0x5A);
    put_l2(index, offset | copied);
    return offset;
  }
  void finish() {
    for (std::size_t i = 0; i < counts.size(); ++i)
      put_count(i * cluster, counts[i]);
  }

  /// A snapshot that shares everything with the disk; returns the offset of its L1 table. Call it last before `finish`.
  std::size_t add_snapshot() {
    const auto table = add();
    const auto l1 = add();
    put_big(bytes, 60, 4, 1);
    put_big(bytes, 64, 8, table);
    put_big(bytes, table, 8, l1);
    put_big(bytes, table + 8, 4, 1);
    put_big(bytes, table + 12, 2, 1);
    put_big(bytes, table + 14, 2, 4);
    put_big(bytes, table + 36, 4, 16);
    put_big(bytes, table + 48, 8, virtual_size);
    put_text(bytes, table + 56, "1snap");
    put_big(bytes, l1, 8, l2_table);
    put_big(bytes, l1_table, 8, l2_table);
    counts[l2_table / cluster] = 2;
    for (std::size_t i = 0; i < cluster / 8; ++i) {
      std::uint64_t entry = 0;
      for (std::size_t byte = 0; byte < 8; ++byte)
        entry = (entry << 8) | std::to_integer<std::uint64_t>(bytes[l2_table + 8 * i + byte]);
      if ((entry & compressed) == 0 && (entry & copied) != 0) {
        put_l2(i, entry & ~copied);
        counts[(entry & ~copied) / cluster] = 2;
      }
    }
    return l1;
  }

  /// A bitmap of one cluster with a granularity of 64 KiB; returns the offset of its directory.
  std::size_t add_bitmap() {
    const auto directory = add();
    const auto table = add();
    const auto bits = add();
    put_big(bytes, 88, 8, 1);
    put_big(bytes, 104, 4, 0x23852875);
    put_big(bytes, 108, 4, 24);
    put_big(bytes, 112, 4, 1);
    put_big(bytes, 120, 8, 32);
    put_big(bytes, 128, 8, directory);
    put_big(bytes, directory, 8, table);
    put_big(bytes, directory + 8, 4, 1);
    put_big(bytes, directory + 16, 1, 1);
    put_big(bytes, directory + 17, 1, 16);
    put_big(bytes, directory + 18, 2, 3);
    put_text(bytes, directory + 24, "bit");
    put_big(bytes, table, 8, bits);
    return directory;
  }

  /// The descriptor of `sectors` sectors of compressed data from `offset` on.
  static constexpr std::uint64_t descriptor(std::uint64_t offset, std::uint64_t sectors) {
    return compressed | ((sectors - 1) << 58) | offset;
  }
  /// A cluster of zeros as raw deflate data of stored blocks (RFC 1951): needs no library. 4101 bytes.
  static image_bytes deflated_zeros(std::size_t length = cluster) {
    image_bytes stored;
    put_byte(stored, 0, 1);
    put_little(stored, 1, 2, length);
    put_little(stored, 3, 2, ~length & 0xFFFF);
    stored.resize(5 + length);
    return stored;
  }
  /// A cluster of zeros as a zstd frame (RFC 8878) of one run-length block; its window is 8 KiB unless told otherwise.
  static image_bytes zstd_zeros(std::size_t length = cluster, std::uint64_t window = 3 << 3) {
    image_bytes frame;
    put_little(frame, 0, 4, 0xFD2FB528);
    put_byte(frame, 4, 0);  // no single segment, no size, no checksum
    put_byte(frame, 5, window);
    put_little(frame, 6, 3, (length << 3) | (1 << 1) | 1);
    put_byte(frame, 9, 0);
    return frame;
  }
  void put_all(std::size_t offset, const image_bytes& content) {
    for (std::size_t i = 0; i < content.size(); ++i)
      put_byte(bytes, offset + i, std::to_integer<std::uint64_t>(content[i]));
  }
};

/// A sound disk with two clusters of data.
inline qcow2_disk small_qcow2(std::uint64_t version = 3) {
  qcow2_disk disk{version};
  disk.add_data(0);
  disk.add_data(7);
  disk.finish();
  return disk;
}

}  // namespace sluice::tests::hostile
