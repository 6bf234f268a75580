// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "actors/verification/formats/bytes.hpp"
#include "schemas/failure.hpp"

/// The header and footer of a sparse VMDK (VMware, "Virtual Disk Format 5.0", section "Hosted Sparse Extents"), read
/// out of bytes that someone else fetched: the stream inspection as they pass, the structure walk from the file.
namespace sluice::actors::verification::formats {

inline constexpr std::uint64_t vmdk_sector = 512;
/// In place of the directory's sector: the footer, near the end of the file, has it.
inline constexpr std::uint64_t vmdk_directory_at_end = ~std::uint64_t{0};
inline constexpr std::uint64_t vmdk_most_sectors = std::uint64_t{1} << 53;
/// The last three sectors of a disk whose directory is at its end: a marker, the footer, an end marker.
inline constexpr std::size_t vmdk_footer_length = 3 * vmdk_sector;

struct vmdk_header {
  explicit vmdk_header(bytes_view from)
      : bytes{from},
        version{read_little_endian<std::uint32_t>(from, 4)},
        flags{read_little_endian<std::uint32_t>(from, 8)},
        capacity{read_little_endian<std::uint64_t>(from, 12)},
        grain{read_little_endian<std::uint64_t>(from, 20)},
        descriptor_offset{read_little_endian<std::uint64_t>(from, 28)},
        descriptor_size{read_little_endian<std::uint64_t>(from, 36)},
        entries_per_table{read_little_endian<std::uint32_t>(from, 44)},
        redundant_directory{read_little_endian<std::uint64_t>(from, 48)},
        directory{read_little_endian<std::uint64_t>(from, 56)},
        overhead{read_little_endian<std::uint64_t>(from, 64)},
        compression{read_little_endian<std::uint16_t>(from, 77)} {}

  [[nodiscard]] bool newline_test() const noexcept { return (flags & 1U) != 0; }
  [[nodiscard]] bool has_redundant_directory() const noexcept { return (flags & 2U) != 0; }
  /// An entry of 1 in a grain table is a grain of zeros.
  [[nodiscard]] bool has_zero_grains() const noexcept { return (flags & 4U) != 0; }
  [[nodiscard]] bool has_compressed_grains() const noexcept { return (flags & 0x10000U) != 0; }
  [[nodiscard]] bool has_markers() const noexcept { return (flags & 0x20000U) != 0; }
  /// How many grain tables cover the capacity. For a header that `check_vmdk_header` passed.
  [[nodiscard]] std::uint64_t tables() const noexcept {
    const auto covered = grain * entries_per_table;
    return (capacity + covered - 1) / covered;
  }
  [[nodiscard]] std::uint64_t directory_bytes() const noexcept { return tables() * 4; }

  bytes_view bytes;
  std::uint32_t version;
  std::uint32_t flags;
  std::uint64_t capacity;
  std::uint64_t grain;
  std::uint64_t descriptor_offset;
  std::uint64_t descriptor_size;
  std::uint32_t entries_per_table;
  std::uint64_t redundant_directory;
  std::uint64_t directory;
  std::uint64_t overhead;  ///< sectors before the first grain: headers, directories and tables
  std::uint16_t compression;
};

/// Guarantees: known version, features and compression; not damaged by a text transfer; capacity, grains and tables
/// that the format allows; a descriptor behind the header that ends within the bytes a stream inspection keeps.
[[nodiscard]] schemas::result<void> check_vmdk_header(const vmdk_header& header);

/// `end` is the last `vmdk_footer_length` bytes of a file of `total`. Guarantees: footer and end marker are there, and
/// the footer agrees with the header and names a directory inside the file.
[[nodiscard]] schemas::result<void> check_vmdk_footer(const vmdk_header& header, bytes_view end, std::uint64_t total);

/// Whether a directory at sector `place` lies inside a file of `total` bytes.
[[nodiscard]] bool vmdk_directory_fits(const vmdk_header& header, std::uint64_t place, std::uint64_t total);

/// The sentences that the stream inspection and the walk share.
[[nodiscard]] schemas::unexpected<schemas::failure> vmdk_truncated();
[[nodiscard]] schemas::unexpected<schemas::failure> vmdk_part_of_several();

}  // namespace sluice::actors::verification::formats
