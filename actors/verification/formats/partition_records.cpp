// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/partition_records.hpp"

#include <algorithm>
#include <string>

#include "actors/verification/formats/checksums.hpp"

namespace sluice::actors::verification::formats {

using schemas::error_code;
using schemas::refuse;
using schemas::result;

mbr_partitions read_mbr(bytes_view sector) noexcept {
  mbr_partitions partitions;
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    const auto entry = slice(sector, 446 + 16 * i, 16);
    partitions[i] = {read_byte(entry, 0), read_byte(entry, 4), read_little_endian<std::uint32_t>(entry, 8),
                     read_little_endian<std::uint32_t>(entry, 12)};
  }
  return partitions;
}

bool is_protective(const mbr_partitions& partitions) noexcept {
  return std::any_of(partitions.begin(), partitions.end(), [](const auto& p) { return p.type == protective_type; });
}

bool is_sane(const mbr_partitions& partitions) noexcept {
  bool any = false;
  for (const auto& p : partitions) {
    if (p.flag != 0x00 && p.flag != 0x80)
      return false;
    if (p.type == 0)
      continue;
    if (p.start == 0 || p.length == 0)
      return false;
    any = true;
    for (const auto& other : partitions) {
      const bool both_real =
          &other != &p && other.type != 0 && other.type != protective_type && p.type != protective_type;
      if (both_real && p.start < other.end() && other.start < p.end())
        return false;
    }
  }
  return any;
}

schemas::unexpected<schemas::failure> corrupt_gpt(std::string_view what) {
  return refuse(error_code::image_corrupt,
                "The disk's GUID partition table is damaged: " + std::string{what} +
                    ". Repair it with 'sgdisk --verify' and 'sgdisk -e', or get the image anew.");
}

result<gpt_header> read_gpt_header(bytes_view sector, std::uint64_t own) {
  constexpr std::size_t shortest = 92;
  const auto size = read_little_endian<std::uint32_t>(sector, 12);
  if (!holds(sector, 0, gpt_signature) || size < shortest || size > 512 || size > sector.size())
    return corrupt_gpt("a header is missing or has an impossible length");
  if (crc_without_field<crc_polynomial::ieee>(sector.first(size), 16) != read_little_endian<std::uint32_t>(sector, 16))
    return corrupt_gpt("the checksum of a header is wrong");
  if (read_little_endian<std::uint32_t>(sector, 8) != 0x00010000)
    return corrupt_gpt("a header has a revision other than 1.0");
  gpt_header header;
  header.own = read_little_endian<std::uint64_t>(sector, 24);
  header.alternate = read_little_endian<std::uint64_t>(sector, 32);
  header.first_usable = read_little_endian<std::uint64_t>(sector, 40);
  header.last_usable = read_little_endian<std::uint64_t>(sector, 48);
  std::ranges::copy(slice(sector, 56, header.disk.size()), header.disk.begin());
  header.entries = read_little_endian<std::uint64_t>(sector, 72);
  header.count = read_little_endian<std::uint32_t>(sector, 80);
  header.entry_size = read_little_endian<std::uint32_t>(sector, 84);
  header.entries_checksum = read_little_endian<std::uint32_t>(sector, 88);
  if (header.own != own)
    return corrupt_gpt("a header does not stand where it says");
  if (header.alternate >= lba_limit || header.last_usable >= lba_limit || header.first_usable < 2 ||
      header.first_usable > header.last_usable || header.last_usable >= std::max(own, header.alternate))
    return corrupt_gpt("the header's places contradict each other");
  if (header.entry_size < 128 || header.entry_size % 128 != 0 || header.entry_size > 4096 || header.count == 0 ||
      header.count > 4096 || header.entries < 2 || header.entries >= lba_limit)
    return corrupt_gpt("the table of partitions has an impossible length or place");
  return header;
}

result<void> check_gpt_entries(const gpt_header& header, bytes_view table) {
  if (crc<crc_polynomial::ieee>(table) != header.entries_checksum)
    return corrupt_gpt("the checksum of the table of partitions is wrong");
  for (std::uint64_t i = 0; i < header.count; ++i) {
    const auto entry = slice(table, i * header.entry_size, header.entry_size);
    const auto first = read_little_endian<std::uint64_t>(entry, 32);
    const auto last = read_little_endian<std::uint64_t>(entry, 40);
    if (!all_zero(slice(entry, 0, 16)) && (first < header.first_usable || last > header.last_usable || first > last))
      return corrupt_gpt("a partition lies outside the usable space");
  }
  return {};
}

}  // namespace sluice::actors::verification::formats
