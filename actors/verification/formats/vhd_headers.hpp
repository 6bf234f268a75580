// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "actors/verification/formats/bytes.hpp"
#include "schemas/failure.hpp"

/// The footer and the dynamic header of a VHD (Microsoft, "Virtual Hard Disk Image Format Specification", 2006), read
/// out of bytes that someone else fetched: the stream inspection as they pass, the structure walk from the file.
namespace sluice::actors::verification::formats {

inline constexpr std::string_view vhd_footer_cookie = "conectix";
/// The length of the footer, which is not part of the disk.
inline constexpr std::uint64_t vhd_footer_size = 512;
inline constexpr std::size_t vhd_dynamic_header_size = 1024;
inline constexpr std::uint32_t vhd_fixed_disk = 2;
inline constexpr std::uint32_t vhd_dynamic_disk = 3;
inline constexpr std::uint32_t vhd_differencing_disk = 4;

/// The ones' complement of the sum of all bytes but the four at `field`, the checksum's own.
[[nodiscard]] bool vhd_checksum_right(bytes_view bytes, std::size_t field);

/// The virtual size in bytes. Virtual PC sizes a disk by its geometry, Hyper-V and the others by the footer's size
/// field. QEMU (7.2, block/vpc.c) tells them apart by the creator's name, except where the geometry is at its maximum;
/// a disk must have the size its reader will see.
[[nodiscard]] std::uint64_t vhd_visible_size(bytes_view footer);

/// Guarantees: checksum, version 1, no differencing disk, a virtual size that the format allows.
[[nodiscard]] schemas::result<void> check_vhd_footer(bytes_view footer);

struct vhd_dynamic_header {
  std::uint64_t table = 0;    ///< where the block table is, in bytes
  std::uint64_t entries = 0;  ///< of the table
  std::uint64_t block = 0;    ///< bytes, a power of two
};

/// `size` is the virtual size, `total` the file's length where it is known. Guarantees: checksum, no parent, a table
/// that covers the size, aligned, behind the header and in the file.
[[nodiscard]] schemas::result<vhd_dynamic_header> read_vhd_dynamic_header(bytes_view header,
                                                                          std::uint64_t header_offset,
                                                                          std::uint64_t size,
                                                                          const std::optional<std::uint64_t>& total);

/// Whether a file's last bytes are a VHD footer: then a file that begins as a raw disk is a fixed VHD.
[[nodiscard]] bool ends_with_vhd_footer(bytes_view tail) noexcept;
/// Judges a fixed VHD of `total` bytes by its footer. Returns the virtual size as QEMU sees it.
[[nodiscard]] schemas::result<std::uint64_t> judge_fixed_vhd(bytes_view tail, std::uint64_t total);

}  // namespace sluice::actors::verification::formats
