// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/vhdx.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <string>

#include "actors/verification/formats/checksums.hpp"

namespace sluice::actors::verification::formats {
namespace {

using schemas::error_code;
using schemas::refuse;
using schemas::result;

constexpr std::uint64_t kib = 1 << 10;
constexpr std::uint64_t mib = 1 << 20;
constexpr std::size_t header_size = 4 * kib;
constexpr std::size_t table_size = 64 * kib;
constexpr std::array<std::uint64_t, 2> header_places{64 * kib, 128 * kib};
constexpr std::array<std::uint64_t, 2> region_table_places{192 * kib, 256 * kib};
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

result<void> damaged(std::string_view what) {
  return refuse(error_code::image_corrupt,
                "The VHDX is damaged: " + std::string{what} + ". Get it anew, or repair it with Hyper-V.");
}

result<void> truncated() {
  return refuse(
      error_code::image_truncated,
      "The VHDX ends before all that its tables name. The file was cut off: get it anew, and give 'expect.size' or "
      "'expect.checksum' to notice it at once.");
}

}  // namespace

presence vhdx_inspector::recognise(const image_window& window) {
  return magic_at(window, 0, "vhdxfile");
}

result<void> vhdx_inspector::examine(const image_window& window) {
  if (!window.front_closed() || headers_[0])
    return {};
  for (std::size_t i = 0; i < 2; ++i) {
    headers_[i].emplace(header_places[i], header_size);
    region_tables_[i].emplace(region_table_places[i], table_size);
  }
  return feed(0, window.front);
}

result<void> vhdx_inspector::feed(std::uint64_t offset, bytes_view piece) {
  if (judged_)
    return {};
  // One piece may hold a table and what the table points at: the later captures see the same piece again.
  for (auto* captures : {&headers_, &region_tables_})
    for (auto& capture : *captures)
      capture->feed(offset, piece);
  auto judged = advance();
  for (int step = 0; step < 2 && judged && !judged_; ++step) {
    for (auto* capture : {&metadata_table_, &parameters_, &disk_size_, &sector_size_})
      if (*capture)
        (*capture)->feed(offset, piece);
    judged = advance();
  }
  return judged;
}

result<void> vhdx_inspector::advance() {
  if (!region_tables_[1]->complete())
    return {};
  if (!metadata_table_) {
    auto judged = judge_headers();
    if (judged)
      judged = judge_regions();
    return judged;
  }
  if (!metadata_table_->complete())
    return {};
  if (!disk_size_)
    return read_metadata_table();
  if (!parameters_->complete() || !disk_size_->complete() || !sector_size_->complete())
    return {};
  return judge_metadata();
}

result<void> vhdx_inspector::judge_headers() {
  bytes_view current;
  for (const auto& capture : headers_) {
    const auto header = capture->bytes();
    const bool sound =
        holds(header, 0, "head") && checksum_right(header) && read_little_endian<std::uint16_t>(header, 66) == 1;
    if (sound && (current.empty() ||
                  read_little_endian<std::uint64_t>(header, 8) > read_little_endian<std::uint64_t>(current, 8)))
      current = header;
  }
  if (current.empty())
    return damaged("neither of its two headers is whole");
  if (!all_zero(slice(current, 48, 16)))
    return refuse(
        error_code::image_corrupt,
        "The VHDX was not closed properly: its log holds changes that are not in the disk yet. Attach and detach it "
        "in Hyper-V, or run 'qemu-img check -r all IMAGE', and import it again.");
  log_ = {read_little_endian<std::uint64_t>(current, 72), read_little_endian<std::uint32_t>(current, 68)};
  if (log_.offset % mib != 0 || log_.length % mib != 0 || (log_.length != 0 && log_.offset < mib))
    return damaged("its log has an impossible place");
  return {};
}

result<void> vhdx_inspector::judge_regions() {
  const auto first = region_tables_[0]->bytes();
  const auto second = region_tables_[1]->bytes();
  const auto sound = [](bytes_view table) { return holds(table, 0, "regi") && checksum_right(table); };
  if (!sound(first) && !sound(second))
    return damaged("neither of its two region tables is whole");
  if (sound(first) && sound(second) && !std::equal(first.begin(), first.end(), second.begin()))
    return damaged("its two region tables differ");
  const auto table = sound(first) ? first : second;
  const auto count = read_little_endian<std::uint32_t>(table, 8);
  if (count > most_entries)
    return damaged("its region table has too many entries");
  std::vector<region> regions;
  if (log_.length != 0)
    regions.push_back(log_);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto entry = slice(table, 16 + std::uint64_t{i} * 32, 32);
    const region found{read_little_endian<std::uint64_t>(entry, 16), read_little_endian<std::uint32_t>(entry, 24)};
    const bool known = is(entry, block_table_id) || is(entry, metadata_id);
    if (!known && (read_little_endian<std::uint32_t>(entry, 28) & 1U) != 0)
      return refuse(
          error_code::unknown_feature,
          "The VHDX needs a region that is not known here. Convert it with 'qemu-img convert -O qcow2 IMAGE NEW'.");
    if (found.offset < mib || found.offset % mib != 0 || found.length == 0 || found.length % mib != 0 ||
        found.offset > largest_disk)
      return damaged("a region has an impossible place");
    regions.push_back(found);
    auto& kept = is(entry, block_table_id) ? block_table_ : metadata_;
    if (known && kept.length != 0)
      return damaged("a region is named twice");
    if (known)
      kept = found;
  }
  if (block_table_.length == 0 || metadata_.length == 0)
    return damaged("its block table or metadata is not named");
  std::sort(regions.begin(), regions.end(), [](const region& a, const region& b) { return a.offset < b.offset; });
  for (std::size_t i = 1; i < regions.size(); ++i)
    if (regions[i - 1].offset + regions[i - 1].length > regions[i].offset)
      return damaged("two regions overlap");
  metadata_table_.emplace(metadata_.offset, table_size);
  return {};
}

result<void> vhdx_inspector::read_metadata_table() {
  const auto table = metadata_table_->bytes();
  const auto count = read_little_endian<std::uint16_t>(table, 10);
  if (!holds(table, 0, "metadata") || count > most_entries)
    return damaged("its metadata table is missing or too long");
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto entry = slice(table, 32 + std::uint64_t{i} * 32, 32);
    const std::uint64_t offset = read_little_endian<std::uint32_t>(entry, 16);
    const std::uint64_t length = read_little_endian<std::uint32_t>(entry, 20);
    constexpr std::uint32_t required = 4;
    if (is(entry, parent_locator_id))
      return refuse(error_code::differencing_disk,
                    "The VHDX names a parent disk, which is never opened. Merge the two with Hyper-V's 'Merge-VHD' and "
                    "import the result.");
    auto* kept = is(entry, parameters_id)    ? &parameters_
                 : is(entry, disk_size_id)   ? &disk_size_
                 : is(entry, sector_size_id) ? &sector_size_
                                             : nullptr;
    if (kept == nullptr) {
      const bool known = is(entry, physical_sector_id) || is(entry, disk_identity_id);
      if (!known && (read_little_endian<std::uint32_t>(entry, 24) & required) != 0)
        return refuse(
            error_code::unknown_feature,
            "The VHDX needs metadata that is not known here. Convert it with 'qemu-img convert -O qcow2 IMAGE NEW'.");
      continue;
    }
    const std::size_t expected = kept == &sector_size_ ? 4 : 8;
    if (*kept || length != expected || offset < table_size || !lies_within(offset, length, metadata_.length))
      return damaged("an item of its metadata is named twice or has an impossible place");
    kept->emplace(metadata_.offset + offset, expected);
  }
  if (!parameters_ || !disk_size_ || !sector_size_)
    return damaged("its metadata lacks the disk's size or parameters");
  return {};
}

result<void> vhdx_inspector::judge_metadata() {
  const std::uint64_t block = read_little_endian<std::uint32_t>(parameters_->bytes(), 0);
  const auto flags = read_little_endian<std::uint32_t>(parameters_->bytes(), 4);
  const auto size = read_little_endian<std::uint64_t>(disk_size_->bytes(), 0);
  const std::uint64_t sector = read_little_endian<std::uint32_t>(sector_size_->bytes(), 0);
  constexpr std::uint32_t has_parent = 2;
  if ((flags & has_parent) != 0)
    return refuse(
        error_code::differencing_disk,
        "The VHDX only holds the differences from a parent disk, which is never opened. Merge them with Hyper-V's "
        "'Merge-VHD' and import the result.");
  if (block < mib || block > 256 * mib || !std::has_single_bit(block) || (sector != 512 && sector != 4096))
    return damaged("its block or sector size is impossible");
  if (size == 0 || size > largest_disk || size % sector != 0)
    return refuse(error_code::virtual_size_invalid,
                  "The VHDX claims a virtual size of " + std::to_string(size) +
                      " bytes, which the format does not allow. The file is damaged or forged: get it anew.");
  // After every chunk of data blocks, the table has an entry for a sector bitmap.
  const auto blocks = (size + block - 1) / block;
  const auto blocks_per_bitmap = (std::uint64_t{1} << 23) * sector / block;
  const auto entries = blocks + (blocks - 1) / blocks_per_bitmap;
  if (entries * 8 > block_table_.length)
    return refuse(error_code::virtual_size_invalid,
                  "The VHDX claims a virtual size of " + std::to_string(size) +
                      " bytes, more than its block table covers. The file is damaged or forged: get it anew.");
  virtual_size_ = size;
  judged_ = true;
  return {};
}

result<std::uint64_t> vhdx_inspector::finish(const image_window& window) {
  auto judged = examine(window);
  const auto total = window.total.value_or(0);
  const auto inside = [total](const region& part) { return lies_within(part.offset, part.length, total); };
  if (judged && (!judged_ || !inside(log_) || !inside(block_table_) || !inside(metadata_)))
    judged = truncated();
  if (!judged)
    return schemas::unexpected<schemas::failure>{judged.error()};
  return virtual_size_.value_or(0);
}

}  // namespace sluice::actors::verification::formats
