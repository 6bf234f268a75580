// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "actors/verification/formats/bytes.hpp"
#include "schemas/failure.hpp"

/// Records of partition tables, as both the inspection of the stream and the walk at rest read them (UEFI Specification
/// 2.10, chapter 5).
namespace sluice::actors::verification::formats {

inline constexpr std::string_view boot_signature{"\x55\xaa", 2};
inline constexpr std::string_view gpt_signature = "EFI PART";
inline constexpr std::uint8_t protective_type = 0xEE;
/// Sector numbers below it stay inside 64 bits when multiplied by 4096.
inline constexpr std::uint64_t lba_limit = std::uint64_t{1} << 52;

/// One of the four entries of a master boot record, in sectors.
struct mbr_partition {
  std::uint8_t flag = 0;
  std::uint8_t type = 0;
  std::uint64_t start = 0;
  std::uint64_t length = 0;

  [[nodiscard]] std::uint64_t end() const noexcept { return start + length; }
};
using mbr_partitions = std::array<mbr_partition, 4>;

/// The entries of the boot sector, whatever they hold.
[[nodiscard]] mbr_partitions read_mbr(bytes_view sector) noexcept;
[[nodiscard]] bool is_protective(const mbr_partitions& partitions) noexcept;
/// Flags that exist, at least one partition, none of them empty, at sector 0 or over another. Random bytes with the
/// signature by chance, and the boot sectors of filesystems, are not.
[[nodiscard]] bool is_sane(const mbr_partitions& partitions) noexcept;

/// A GPT header whose checksum, revision, place and fields are right each for itself.
struct gpt_header {
  std::uint64_t own = 0;  ///< LBA
  std::uint64_t alternate = 0;
  std::uint64_t first_usable = 0;
  std::uint64_t last_usable = 0;
  std::array<std::byte, 16> disk{};
  std::uint64_t entries = 0;  ///< LBA
  std::uint64_t count = 0;    ///< 1 to 4096
  std::uint64_t entry_size = 0;
  std::uint32_t entries_checksum = 0;

  [[nodiscard]] std::uint64_t entries_bytes() const noexcept { return count * entry_size; }
};
/// `sector` holds the header, at LBA `own`.
[[nodiscard]] schemas::result<gpt_header> read_gpt_header(bytes_view sector, std::uint64_t own);
/// `table` is all of `header`'s entries: their checksum, and each partition inside the usable space.
[[nodiscard]] schemas::result<void> check_gpt_entries(const gpt_header& header, bytes_view table);
/// image_corrupt: "The disk's GUID partition table is damaged: `what`. …"
[[nodiscard]] schemas::unexpected<schemas::failure> corrupt_gpt(std::string_view what);

}  // namespace sluice::actors::verification::formats
