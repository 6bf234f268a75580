// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/partition_table.hpp"

#include <algorithm>
#include <array>

#include "actors/verification/formats/checksums.hpp"

namespace sluice::actors::verification::formats {
namespace {

using schemas::error_code;
using schemas::refuse;
using schemas::result;

constexpr std::size_t boot_sector = 512;
constexpr std::string_view boot_signature{"\x55\xaa", 2};
constexpr std::string_view gpt_signature = "EFI PART";
constexpr std::size_t gpt_header_size = 92;
constexpr std::uint8_t protective_type = 0xEE;
constexpr std::uint64_t lba_limit = std::uint64_t{1} << 52;  // keeps sector numbers times 4096 inside 64 bits

struct mbr_partition {
  std::uint8_t flag = 0;
  std::uint8_t type = 0;
  std::uint64_t start = 0;
  std::uint64_t length = 0;

  [[nodiscard]] std::uint64_t end() const noexcept { return start + length; }
};

std::array<mbr_partition, 4> read_mbr(bytes_view sector) {
  std::array<mbr_partition, 4> partitions;
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    const auto entry = slice(sector, 446 + 16 * i, 16);
    partitions[i] = {read_byte(entry, 0), read_byte(entry, 4), read_little_endian<std::uint32_t>(entry, 8),
                     read_little_endian<std::uint32_t>(entry, 12)};
  }
  return partitions;
}

bool is_protective(const std::array<mbr_partition, 4>& partitions) {
  return std::any_of(partitions.begin(), partitions.end(), [](const auto& p) { return p.type == protective_type; });
}

/// Random bytes with the signature by chance, and the boot sectors of filesystems, fail this.
bool is_sane(const std::array<mbr_partition, 4>& partitions) {
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

result<void> corrupt_gpt(std::string_view what) {
  return refuse(error_code::image_corrupt,
                "The disk's GUID partition table is damaged: " + std::string{what} +
                    ". Repair it with 'sgdisk --verify' and 'sgdisk -e', or get the image anew.");
}

/// What holds for the primary and the backup header alike.
result<void> check_gpt_header(bytes_view header, std::uint64_t own_lba) {
  const auto size = read_little_endian<std::uint32_t>(header, 12);
  if (!holds(header, 0, gpt_signature) || size < gpt_header_size || size > 512 || size > header.size())
    return corrupt_gpt("a header is missing or has an impossible length");
  if (crc_without_field<crc_polynomial::ieee>(header.first(size), 16) != read_little_endian<std::uint32_t>(header, 16))
    return corrupt_gpt("the checksum of a header is wrong");
  if (read_little_endian<std::uint32_t>(header, 8) != 0x00010000)
    return corrupt_gpt("a header has a revision other than 1.0");
  if (read_little_endian<std::uint64_t>(header, 24) != own_lba)
    return corrupt_gpt("a header does not stand where it says");
  return {};
}

}  // namespace

presence partition_table_inspector::recognise(const image_window& window) {
  if (window.front.size() < boot_sector)
    return window.front_closed() ? presence::absent : presence::undecided;
  if (!holds(window.front, 510, boot_signature))
    return presence::absent;
  return is_sane(read_mbr(window.front)) ? presence::present : presence::absent;
}

result<void> partition_table_inspector::examine(const image_window& window) {
  if (!window.front_closed())
    return {};
  const auto partitions = read_mbr(window.front);
  mbr_end_ = 0;
  for (const auto& p : partitions)
    if (p.type != 0 && p.type != protective_type)
      mbr_end_ = std::max(mbr_end_, p.end() * 512);
  if (!gpt_ && is_protective(partitions)) {
    const std::uint64_t sector =
        holds(window.front, 4096, gpt_signature) && !holds(window.front, 512, gpt_signature) ? 4096 : 512;
    const auto judged = examine_gpt(window, sector);
    if (!judged)
      return judged;
  }
  return window.total ? check_ends(*window.total) : result<void>{};
}

result<void> partition_table_inspector::examine_gpt(const image_window& window, std::uint64_t sector) {
  const auto header = slice(window.front, sector, 512);
  const auto judged = check_gpt_header(header, 1);
  if (!judged)
    return judged;
  const auto alternate = read_little_endian<std::uint64_t>(header, 32);
  const auto first_usable = read_little_endian<std::uint64_t>(header, 40);
  const auto last_usable = read_little_endian<std::uint64_t>(header, 48);
  const auto entries = read_little_endian<std::uint64_t>(header, 72);
  const std::uint64_t count = read_little_endian<std::uint32_t>(header, 80);
  const std::uint64_t size = read_little_endian<std::uint32_t>(header, 84);
  if (alternate >= lba_limit || alternate < 2 || last_usable >= alternate || first_usable > last_usable)
    return corrupt_gpt("the header's places contradict each other");
  if (size < 128 || size % 128 != 0 || size > 4096 || count == 0 || count > 4096 || entries < 2 || entries >= lba_limit)
    return corrupt_gpt("the table of partitions has an impossible length or place");
  // Longer tables than any tool writes may leave the front: then only the header is known to be sound.
  if (lies_within(entries * sector, count * size, window.front.size())) {
    const auto table = slice(window.front, entries * sector, count * size);
    if (crc<crc_polynomial::ieee>(table) != read_little_endian<std::uint32_t>(header, 88))
      return corrupt_gpt("the checksum of the table of partitions is wrong");
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto entry = slice(table, i * size, size);
      const auto first = read_little_endian<std::uint64_t>(entry, 32);
      const auto last = read_little_endian<std::uint64_t>(entry, 40);
      if (!all_zero(slice(entry, 0, 16)) && (first < first_usable || last > last_usable || first > last))
        return corrupt_gpt("a partition lies outside the usable space");
    }
  }
  gpt_ = gpt_extent{sector, alternate * sector, (last_usable + 1) * sector};
  backup_header_.emplace(gpt_->backup, 512);
  backup_header_->feed(0, window.front);
  return {};
}

result<void> partition_table_inspector::check_ends(std::uint64_t total) const {
  const auto needed = gpt_ ? std::max(gpt_->backup + gpt_->sector, mbr_end_) : mbr_end_;
  if (needed <= total)
    return {};
  return refuse(error_code::image_truncated,
                "The disk's partition table needs " + std::to_string(needed) + " bytes but the file has only " +
                    std::to_string(total) +
                    ". It was cut off: get it anew, and give 'expect.size' or 'expect.checksum' to notice it at once.");
}

result<void> partition_table_inspector::feed(std::uint64_t offset, bytes_view piece) {
  if (!backup_header_ || backup_header_->complete())
    return {};
  backup_header_->feed(offset, piece);
  if (!backup_header_->complete())
    return {};
  return check_gpt_header(backup_header_->bytes(), gpt_->backup / gpt_->sector);
}

result<std::uint64_t> partition_table_inspector::finish(const image_window& window) {
  auto judged = examine(window);
  if (judged && backup_header_)
    judged = check_gpt_header(backup_header_->bytes(), gpt_->backup / gpt_->sector);
  if (!judged)
    return schemas::unexpected<schemas::failure>{judged.error()};
  return round_up(window.total.value_or(0), 512);
}

}  // namespace sluice::actors::verification::formats
