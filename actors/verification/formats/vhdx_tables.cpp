// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/vhdx_tables.hpp"

#include <algorithm>
#include <bit>
#include <string>

#include "actors/verification/formats/checksums.hpp"

namespace sluice::actors::verification::formats {
namespace {

using schemas::error_code;
using schemas::refuse;
using schemas::result;

constexpr std::uint64_t mib = 1 << 20;
constexpr std::uint32_t most_entries = 2047;
constexpr std::uint64_t largest_disk = std::uint64_t{64} << 40;

using guid = std::array<std::uint8_t, 16>;

/// A GUID as text in the order in which it stands on disk: the first three groups are little-endian.
constexpr guid parse_guid(std::string_view text) {
  guid value{};
  constexpr std::array<std::size_t, 16> order{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
  std::size_t digits = 0;
  for (const char c : text) {
    if (c == '-')
      continue;
    const auto digit = static_cast<std::uint8_t>(c >= 'A' ? c - 'A' + 10 : c - '0');
    auto& byte = value[order[digits++ / 2]];
    byte = static_cast<std::uint8_t>((byte << 4) | digit);
  }
  return value;
}

constexpr auto block_table_id = parse_guid("2DC27766-F623-4200-9D64-115E9BFD4A08");
constexpr auto metadata_id = parse_guid("8B7CA206-4790-4B9A-B8FE-575F050F886E");
constexpr auto parameters_id = parse_guid("CAA16737-FA36-4D43-B3B6-33F0AA44E76B");
constexpr auto disk_size_id = parse_guid("2FA54224-CD1B-4876-B211-5DBED83BF4B8");
constexpr auto sector_size_id = parse_guid("8141BF1D-A96F-4709-BA47-F233A8FAAB5F");
constexpr auto physical_sector_id = parse_guid("CDA348C7-445D-4471-9CC9-E9885251C556");
constexpr auto disk_identity_id = parse_guid("BECA12AB-B2E6-4523-93EF-C309E000C746");
constexpr auto parent_locator_id = parse_guid("A8D35F2D-B30B-454D-ABF7-D3D84834AB0C");

bool is(bytes_view entry, const guid& wanted) {
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (read_byte(entry, i) != wanted[i])
      return false;
  return true;
}

bool checksum_right(bytes_view bytes) {
  return crc_without_field<crc_polynomial::castagnoli>(bytes, 4) == read_little_endian<std::uint32_t>(bytes, 4);
}

bool header_sound(bytes_view header) {
  return holds(header, 0, "head") && read_little_endian<std::uint16_t>(header, 66) == 1 && checksum_right(header);
}

/// What the newer of two whole headers is; nothing when neither is whole, or both claim to be the newer.
bytes_view current_header(bytes_view first, bytes_view second) {
  if (!header_sound(first) || !header_sound(second))
    return header_sound(first) ? first : header_sound(second) ? second : bytes_view{};
  const auto one = read_little_endian<std::uint64_t>(first, 8);
  const auto other = read_little_endian<std::uint64_t>(second, 8);
  if (one == other && !std::ranges::equal(first, second))
    return {};
  return other > one ? second : first;
}

schemas::unexpected<schemas::failure> differencing(std::string_view what) {
  return refuse(error_code::differencing_disk, "The VHDX " + std::string{what} +
                                                   ", which is never opened. Merge the two with Hyper-V's 'Merge-VHD' "
                                                   "and import the result.");
}

schemas::unexpected<schemas::failure> unknown(std::string_view what) {
  return refuse(error_code::unknown_feature,
                "The VHDX needs " + std::string{what} +
                    " that is not known here. Convert it with 'qemu-img convert -O qcow2 IMAGE NEW'.");
}

schemas::unexpected<schemas::failure> impossible_size(std::uint64_t size, std::string_view why) {
  return refuse(error_code::virtual_size_invalid, "The VHDX claims a virtual size of " + std::to_string(size) +
                                                      " bytes, " + std::string{why} +
                                                      ". The file is damaged or forged: get it anew.");
}

bool overlap(std::vector<vhdx_region> regions) {
  std::ranges::sort(regions, {}, &vhdx_region::offset);
  for (std::size_t i = 1; i < regions.size(); ++i)
    if (regions[i - 1].offset + regions[i - 1].length > regions[i].offset)
      return true;
  return false;
}

}  // namespace

schemas::unexpected<schemas::failure> vhdx_damaged(std::string_view what) {
  return refuse(error_code::image_corrupt,
                "The VHDX is damaged: " + std::string{what} + ". Get it anew, or repair it with Hyper-V.");
}

schemas::unexpected<schemas::failure> vhdx_not_closed() {
  return refuse(
      error_code::image_corrupt,
      "The VHDX was not closed properly: its log holds changes that are not in the disk yet and must be replayed "
      "first. Attach and detach it in Hyper-V, or run 'qemu-img check -r all IMAGE', and import it again.");
}

result<vhdx_header> read_vhdx_headers(bytes_view first, bytes_view second) {
  const auto current = current_header(first, second);
  if (current.empty())
    return vhdx_damaged("neither of its two headers is whole and newer than the other");
  vhdx_header header;
  header.log_id = slice(current, 48, 16);
  header.log = {read_little_endian<std::uint64_t>(current, 72), read_little_endian<std::uint32_t>(current, 68)};
  if (read_little_endian<std::uint16_t>(current, 64) != 0)
    return unknown("a version of the log");
  if (header.log.offset < mib || header.log.offset % mib != 0 || header.log.length % mib != 0 ||
      header.log.offset > largest_disk)
    return vhdx_damaged("its log has an impossible place");
  return header;
}

bool vhdx_region_table_sound(bytes_view table) {
  return holds(table, 0, "regi") && checksum_right(table);
}

result<vhdx_regions> read_vhdx_region_tables(bytes_view first, bytes_view second, const vhdx_region& log) {
  const bool first_sound = vhdx_region_table_sound(first);
  const bool second_sound = vhdx_region_table_sound(second);
  if (!first_sound && !second_sound)
    return vhdx_damaged("neither of its two region tables is whole");
  if (first_sound && second_sound && !std::ranges::equal(first, second))
    return vhdx_damaged("its two region tables differ");
  const auto table = first_sound ? first : second;
  const auto count = read_little_endian<std::uint32_t>(table, 8);
  if (count > most_entries)
    return vhdx_damaged("its region table has too many entries");
  vhdx_regions regions;
  std::vector<vhdx_region> all;
  if (log.length != 0)
    all.push_back(log);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto entry = slice(table, 16 + std::uint64_t{i} * 32, 32);
    const vhdx_region found{read_little_endian<std::uint64_t>(entry, 16), read_little_endian<std::uint32_t>(entry, 24)};
    auto* const known = is(entry, block_table_id) ? &regions.block_table
                        : is(entry, metadata_id)  ? &regions.metadata
                                                  : nullptr;
    if (known == nullptr && (read_little_endian<std::uint32_t>(entry, 28) & 1U) != 0)
      return unknown("a region");
    if (found.offset < mib || found.offset % mib != 0 || found.length == 0 || found.length % mib != 0 ||
        found.offset > largest_disk)
      return vhdx_damaged("a region has an impossible place");
    all.push_back(found);
    if (known != nullptr && known->length != 0)
      return vhdx_damaged("a region is named twice");
    if (known != nullptr)
      *known = found;
    else
      regions.others.push_back(found);
  }
  if (regions.block_table.length == 0 || regions.metadata.length == 0)
    return vhdx_damaged("its block table or metadata is not named");
  if (overlap(std::move(all)))
    return vhdx_damaged("two regions overlap");
  return regions;
}

result<vhdx_items> read_vhdx_metadata_table(bytes_view table, std::uint64_t region_length) {
  const auto count = read_little_endian<std::uint16_t>(table, 10);
  if (!holds(table, 0, "metadata") || count > most_entries)
    return vhdx_damaged("its metadata table is missing or too long");
  vhdx_items items;
  struct known_item {
    const guid* id;
    std::uint64_t length;
    std::optional<vhdx_region>* kept;
  };
  const std::array<known_item, 5> known{{{&parameters_id, 8, &items.parameters},
                                         {&disk_size_id, 8, &items.disk_size},
                                         {&sector_size_id, 4, &items.sector_size},
                                         {&physical_sector_id, 4, &items.physical_sector_size},
                                         {&disk_identity_id, 16, &items.identity}}};
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto entry = slice(table, 32 + std::uint64_t{i} * 32, 32);
    const vhdx_region found{read_little_endian<std::uint32_t>(entry, 16), read_little_endian<std::uint32_t>(entry, 20)};
    constexpr std::uint32_t required = 4;
    if (is(entry, parent_locator_id))
      return differencing("names a parent disk");
    const auto* const item = std::ranges::find_if(known, [&](const known_item& each) { return is(entry, *each.id); });
    if (item == known.end() && (read_little_endian<std::uint32_t>(entry, 24) & required) != 0)
      return unknown("metadata");
    if (item != known.end() && (*item->kept || found.length != item->length))
      return vhdx_damaged("an item of its metadata is named twice or has a wrong length");
    if (found.length != 0 &&
        (found.offset < vhdx_places::table_size || !lies_within(found.offset, found.length, region_length)))
      return vhdx_damaged("an item of its metadata has an impossible place");
    if (item != known.end())
      *item->kept = found;
    else
      items.others.push_back(found);
  }
  if (!items.parameters || !items.disk_size || !items.sector_size)
    return vhdx_damaged("its metadata lacks the disk's size or parameters");
  return items;
}

result<vhdx_disk> read_vhdx_disk(bytes_view parameters, bytes_view disk_size, bytes_view sector_size,
                                 std::uint64_t block_table_length) {
  const auto flags = read_little_endian<std::uint32_t>(parameters, 4);
  const vhdx_disk disk{read_little_endian<std::uint64_t>(disk_size, 0),
                       read_little_endian<std::uint32_t>(parameters, 0),
                       read_little_endian<std::uint32_t>(sector_size, 0)};
  constexpr std::uint32_t has_parent = 2;
  if ((flags & has_parent) != 0)
    return differencing("only holds the differences from a parent disk");
  if (disk.block < mib || disk.block > 256 * mib || !std::has_single_bit(disk.block) ||
      (disk.sector != 512 && disk.sector != 4096))
    return vhdx_damaged("its block or sector size is impossible");
  if (disk.size == 0 || disk.size > largest_disk || disk.size % disk.sector != 0)
    return impossible_size(disk.size, "which the format does not allow");
  if (disk.table_entries() * 8 > block_table_length)
    return impossible_size(disk.size, "more than its block table covers");
  return disk;
}

}  // namespace sluice::actors::verification::formats
