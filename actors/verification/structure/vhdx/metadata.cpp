// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/structure/vhdx/metadata.hpp"

#include "actors/verification/structure/file_map.hpp"
#include "actors/verification/structure/pieces.hpp"

namespace sluice::actors::verification::structure::vhdx {
namespace {

using formats::vhdx_places;
using schemas::failure;
using schemas::result;
using schemas::unexpected;

result<void> check_apart(const formats::vhdx_items& items, const formats::vhdx_region& region, walk_budget& budget) {
  file_map map{region.length, vhdx_places::alignment, budget};
  auto judged = map.claim(0, vhdx_places::table_size, "the metadata table");
  for (const auto& item :
       {*items.parameters, *items.disk_size, *items.sector_size, *items.physical_sector_size, *items.identity})
    if (judged)
      judged = map.claim(item.offset, item.length, "an item of the metadata");
  for (const auto& item : items.others)
    if (judged)
      judged = map.claim(item.offset, item.length, "an optional item of the metadata");
  return judged;
}

}  // namespace

result<formats::vhdx_disk> read_metadata(image_bytes& image, walk_budget& budget,
                                         const formats::vhdx_regions& regions) {
  const auto& region = regions.metadata;
  const auto table = read_bytes(image, region.offset, vhdx_places::table_size);
  if (!table)
    return unexpected<failure>{table.error()};
  const auto items = formats::read_vhdx_metadata_table(*table, region.length);
  if (!items)
    return unexpected<failure>{items.error()};
  if (!items->physical_sector_size || !items->identity)
    return formats::vhdx_damaged("its metadata lacks the physical sector size or the disk's identity");
  const auto apart = check_apart(*items, region, budget);
  if (!apart)
    return unexpected<failure>{apart.error()};
  const auto read = [&](const formats::vhdx_region& item) {
    return read_bytes(image, region.offset + item.offset, static_cast<std::size_t>(item.length));
  };
  const auto parameters = read(*items->parameters);
  const auto size = read(*items->disk_size);
  const auto sector = read(*items->sector_size);
  const auto physical = read(*items->physical_sector_size);
  for (const auto* const bytes : {&parameters, &size, &sector, &physical})
    if (!*bytes)
      return unexpected<failure>{bytes->error()};
  auto disk = formats::read_vhdx_disk(*parameters, *size, *sector, regions.block_table.length);
  if (!disk)
    return disk;
  const auto physical_size = formats::read_little_endian<std::uint32_t>(*physical, 0);
  if (physical_size != 512 && physical_size != 4096)
    return formats::vhdx_damaged("its physical sector size is impossible");
  if (disk->sector != 512)
    return schemas::refuse(schemas::error_code::unknown_feature,
                           "The VHDX has logical sectors of " + std::to_string(disk->sector) +
                               " bytes, which QEMU shows with a wrong size and content. Copy the disk to one with "
                               "sectors of 512 bytes and import that.");
  return disk;
}

}  // namespace sluice::actors::verification::structure::vhdx
