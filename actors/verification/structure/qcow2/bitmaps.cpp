// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/structure/qcow2/bitmaps.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "actors/verification/formats/bytes.hpp"
#include "actors/verification/structure/table_entries.hpp"

namespace sluice::actors::verification::structure::qcow2 {
namespace {

using formats::bytes_view;
using formats::read_big_endian;
using schemas::error_code;
using schemas::result;

constexpr std::uint64_t fixed_part = 24;  // bytes of a directory entry before its name
constexpr std::uint32_t in_use = 1U << 0;
constexpr std::uint32_t known_flags = 3;  // in use, and to be kept up to date
constexpr std::uint8_t dirty_tracking = 1;
constexpr std::uint64_t longest_name = 1023;
constexpr std::uint64_t longest_bitmap = std::uint64_t{512} << 20;  // bytes; QEMU's own limit
constexpr std::uint64_t reserved_bits = 0xff000000000001fe;
constexpr std::uint64_t all_ones = 1;

struct bitmap {
  std::uint64_t offset = 0;
  std::uint64_t entries = 0;
  std::uint32_t flags = 0;
  std::uint8_t type = 0;
  std::uint8_t granularity_bits = 0;
  std::uint64_t name_length = 0;
  std::uint64_t extra = 0;
};

bitmap read_bitmap(bytes_view entry) {
  bitmap read;
  read.offset = read_big_endian<std::uint64_t>(entry, 0);
  read.entries = read_big_endian<std::uint32_t>(entry, 8);
  read.flags = read_big_endian<std::uint32_t>(entry, 12);
  read.type = formats::read_byte(entry, 16);
  read.granularity_bits = formats::read_byte(entry, 17);
  read.name_length = read_big_endian<std::uint16_t>(entry, 18);
  read.extra = read_big_endian<std::uint32_t>(entry, 20);
  return read;
}

result<void> check_bitmap(const header& fields, const bitmap& found) {
  if (found.offset == 0 || found.entries == 0 || found.entries > longest_bitmap / fields.cluster() ||
      (found.flags & ~known_flags) != 0 || found.type != dirty_tracking || found.granularity_bits < 9 ||
      found.granularity_bits > 31 || found.name_length == 0 || found.name_length > longest_name || found.extra != 0)
    return damaged(error_code::image_corrupt,
                   "A bitmap's entry in the qcow2 image's bitmap directory has an impossible length, flag, type, "
                   "granularity or name");
  if ((found.flags & in_use) != 0)
    return {};
  const auto bits =
      formats::round_up(fields.virtual_size(), std::uint64_t{1} << found.granularity_bits) >> found.granularity_bits;
  const auto bits_in_cluster = fields.cluster() * 8;
  if (found.entries != formats::round_up(bits, bits_in_cluster) / bits_in_cluster)
    return damaged(error_code::image_corrupt, "A bitmap of the qcow2 image has " + std::to_string(found.entries) +
                                                  " clusters, which is not what a disk of " +
                                                  std::to_string(fields.virtual_size()) +
                                                  " bytes needs at its granularity");
  return {};
}

result<void> follow_table(image_bytes& image, const header& fields, const bitmap& found, cluster_use& use,
                          walk_budget& budget) {
  if (auto claimed = use.claim(content::bitmap_table, found.offset, found.entries * 8); !claimed)
    return claimed;
  return for_each_entry<std::uint64_t, byte_order::big>(
      image, budget, found.offset, found.entries, [&](std::uint64_t, std::uint64_t entry) -> result<void> {
        const auto offset = entry & ~reserved_bits & ~all_ones;
        if ((entry & reserved_bits) != 0 || (offset != 0 && (entry & all_ones) != 0))
          return damaged(error_code::image_corrupt,
                         "An entry of a bitmap table of the qcow2 image has bits set that must be zero");
        if (offset == 0)
          return {};
        return use.claim(content::bitmap_data, offset, fields.cluster());
      });
}

}  // namespace

result<void> claim_bitmaps(image_bytes& image, const header& fields, cluster_use& use, walk_budget& budget) {
  if (!fields.bitmaps)
    return {};
  const auto& [place_offset, place_length] = fields.bitmaps->place;
  if (auto claimed = use.claim(content::bitmap_directory, place_offset, place_length); !claimed)
    return claimed;
  // The directory and a set of its names, which takes less than four times as much.
  if (auto taken = budget.take(5 * place_length); !taken)
    return taken;
  std::vector<std::byte> directory(place_length);
  if (auto read = image.read(place_offset, directory); !read)
    return read;
  std::set<std::string_view> names;
  std::uint64_t offset = 0;
  for (std::uint32_t i = 0; i < fields.bitmaps->bitmaps; ++i) {
    if (auto counted = budget.step(8); !counted)
      return counted;
    const auto entry = formats::slice(directory, offset, directory.size());
    const auto found = read_bitmap(entry);
    if (entry.size() < fixed_part || entry.size() < formats::round_up(fixed_part + found.name_length + found.extra, 8))
      return damaged(error_code::image_corrupt, "The bitmap directory of the qcow2 image ends inside an entry");
    if (auto judged = check_bitmap(fields, found); !judged)
      return judged;
    if (!names.insert(formats::as_text(entry.subspan(fixed_part, found.name_length))).second)
      return damaged(error_code::image_corrupt, "Two bitmaps of the qcow2 image have the same name");
    if (auto followed = follow_table(image, fields, found, use, budget); !followed)
      return followed;
    offset += formats::round_up(fixed_part + found.name_length, 8);
  }
  if (offset != directory.size())
    return damaged(error_code::image_corrupt, "The bitmap directory of the qcow2 image is longer than its " +
                                                  std::to_string(fields.bitmaps->bitmaps) + " entries");
  budget.give_back(5 * place_length);
  return {};
}

}  // namespace sluice::actors::verification::structure::qcow2
