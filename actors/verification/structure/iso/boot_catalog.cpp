// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/structure/image_part.hpp"
#include "actors/verification/structure/iso/volume.hpp"

namespace sluice::actors::verification::structure::iso {
namespace {

using formats::bytes_view;
using formats::read_byte;
using formats::read_little_endian;
using schemas::failure;
using schemas::result;

constexpr std::size_t entry_size = 32;

/// Figure 2: the identifier, the key bytes, and all words sum up to zero.
bool is_validation(bytes_view entry) {
  std::uint16_t sum = 0;
  for (std::size_t at = 0; at < entry_size; at += 2)
    sum = static_cast<std::uint16_t>(sum + read_little_endian<std::uint16_t>(entry, at));
  return read_byte(entry, 0) == 1 && read_byte(entry, 30) == 0x55 && read_byte(entry, 31) == 0xAA && sum == 0;
}

/// Figures 3 and 5: a boot image of so many virtual sectors of 512 bytes.
result<void> check_entry(bytes_view entry, std::uint64_t total) {
  constexpr std::uint8_t bootable = 0x88;
  const auto indicator = read_byte(entry, 0);
  if (indicator != bootable && indicator != 0)
    return damaged("an entry of its boot catalog has an unknown kind");
  if ((read_byte(entry, 1) & 0xF) > 4)
    return damaged("an entry of its boot catalog has an unknown medium");
  const auto place = std::uint64_t{read_little_endian<std::uint32_t>(entry, 8)} * sector;
  const auto length = std::uint64_t{read_little_endian<std::uint16_t>(entry, 6)} * 512;
  if (indicator == bootable && (place >= total || !formats::lies_within(place, length, total)))
    return cut_off("a boot image", place + length, total);
  return {};
}

}  // namespace

result<void> check_boot_catalog(image_bytes& image, std::uint64_t at, walk_budget& budget) {
  const auto piece = image_piece::read(image, at * sector, sector, budget);
  if (!piece)
    return schemas::unexpected<failure>{piece.error()};
  const auto catalog = piece->bytes();
  if (!is_validation(catalog))
    return damaged("its boot catalog has no valid first entry");
  auto judged = check_entry(formats::slice(catalog, entry_size, entry_size), image.size());
  // Figure 4: headers with the number of entries that follow each; extensions of entries are marked 0x44.
  std::uint64_t entries = 0;
  bool last = false;
  for (auto place = 2 * entry_size; judged && place + entry_size <= catalog.size(); place += entry_size) {
    const auto entry = formats::slice(catalog, place, entry_size);
    const auto kind = read_byte(entry, 0);
    if (kind == 0x44)
      continue;
    if (entries == 0) {
      if (last || (kind != 0x90 && kind != 0x91))
        return {};
      last = kind == 0x91;
      entries = read_little_endian<std::uint16_t>(entry, 2);
      continue;
    }
    --entries;
    judged = check_entry(entry, image.size());
  }
  return judged;
}

}  // namespace sluice::actors::verification::structure::iso
