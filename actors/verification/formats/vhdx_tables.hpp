// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "actors/verification/formats/bytes.hpp"
#include "schemas/failure.hpp"

/// The tables at the front of a VHDX ([MS-VHDX] sections 2.2 and 2.6), read out of bytes that someone else fetched: the
/// stream inspection as they pass, the structure walk from the file. Every error is a refusal for the user.
namespace sluice::actors::verification::formats {

struct vhdx_places {
  static constexpr std::uint64_t alignment = std::uint64_t{1} << 20;  ///< of everything behind the headers
  static constexpr std::array<std::uint64_t, 2> headers{64 << 10, 128 << 10};
  static constexpr std::array<std::uint64_t, 2> region_tables{192 << 10, 256 << 10};
  static constexpr std::size_t header_size = 4 << 10;
  static constexpr std::size_t table_size = 64 << 10;  ///< of a region table and of the metadata table
};

/// A part of the file or, for an item, of the metadata region; in bytes.
struct vhdx_region {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

struct vhdx_header {
  bytes_view log_id;  ///< within the bytes given; all zero when there is no log to replay
  vhdx_region log;    ///< length 0: none
};

/// Both headers, of `header_size` bytes: the current one is the whole one with the higher sequence number; two that are
/// whole and differ under one number are refused, as QEMU does.
[[nodiscard]] schemas::result<vhdx_header> read_vhdx_headers(bytes_view first, bytes_view second);

struct vhdx_regions {
  vhdx_region block_table;
  vhdx_region metadata;
  std::vector<vhdx_region> others;  ///< not known here and not required
};

/// The signature and checksum of a region table are right.
[[nodiscard]] bool vhdx_region_table_sound(bytes_view table);
/// Both region tables; one sound one is enough, two must be equal. Guarantees: regions aligned, apart from each other
/// and the log, both needed ones there once, none required that is not known.
[[nodiscard]] schemas::result<vhdx_regions> read_vhdx_region_tables(bytes_view first, bytes_view second,
                                                                    const vhdx_region& log);

/// Where the items are, relative to the metadata region.
struct vhdx_items {
  std::optional<vhdx_region> parameters;
  std::optional<vhdx_region> disk_size;
  std::optional<vhdx_region> sector_size;
  std::optional<vhdx_region> physical_sector_size;
  std::optional<vhdx_region> identity;
  std::vector<vhdx_region> others;  ///< not known here and not required
};

/// Guarantees: parameters, size and sector size are there; no item twice, of the wrong length or outside the region; no
/// parent; none required that is not known.
[[nodiscard]] schemas::result<vhdx_items> read_vhdx_metadata_table(bytes_view table, std::uint64_t region_length);

/// What the items say the disk is.
struct vhdx_disk {
  std::uint64_t size = 0;    ///< bytes
  std::uint64_t block = 0;   ///< bytes, a power of two from 1 MiB to 256 MiB
  std::uint64_t sector = 0;  ///< bytes: 512 or 4096

  [[nodiscard]] std::uint64_t blocks() const noexcept { return (size + block - 1) / block; }
  /// After so many entries for blocks, the table has one for a sector bitmap.
  [[nodiscard]] std::uint64_t blocks_per_bitmap() const noexcept { return (std::uint64_t{1} << 23) * sector / block; }
  [[nodiscard]] std::uint64_t table_entries() const noexcept { return blocks() + (blocks() - 1) / blocks_per_bitmap(); }
};

/// The bytes of the three items. Guarantees: no parent; sizes that the format allows and the block table covers.
[[nodiscard]] schemas::result<vhdx_disk> read_vhdx_disk(bytes_view parameters, bytes_view disk_size,
                                                        bytes_view sector_size, std::uint64_t block_table_length);

/// The sentences that the stream inspection and the walk share.
[[nodiscard]] schemas::unexpected<schemas::failure> vhdx_damaged(std::string_view what);
[[nodiscard]] schemas::unexpected<schemas::failure> vhdx_not_closed();

}  // namespace sluice::actors::verification::formats
