// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/structure/vhdx/walk_vhdx.hpp"

#include <algorithm>
#include <array>

#include "actors/verification/formats/vhdx_tables.hpp"
#include "actors/verification/structure/file_map.hpp"
#include "actors/verification/structure/pieces.hpp"
#include "actors/verification/structure/vhdx/block_table.hpp"
#include "actors/verification/structure/vhdx/metadata.hpp"
#include "actors/verification/structure/virtual_size.hpp"

namespace sluice::actors::verification::structure {
namespace {

using formats::bytes_view;
using formats::vhdx_places;
using schemas::failure;
using schemas::result;
using schemas::unexpected;

/// Whether any sector of the log begins an entry of this log. Whether the entry is whole does not matter: what is
/// between two states is not for us to guess.
result<bool> holds_log_entries(image_bytes& image, walk_budget& budget, const formats::vhdx_header& header) {
  constexpr std::size_t log_sector = 4096;
  bool found = false;
  const auto judged = for_each_piece(
      image, budget, header.log.offset, header.log.length, [&](std::uint64_t, bytes_view piece) -> result<void> {
        for (std::size_t i = 0; i < piece.size(); i += log_sector)
          found = found || (formats::holds(piece, i, "loge") &&
                            std::ranges::equal(formats::slice(piece, i + 32, 16), header.log_id));
        return {};
      });
  if (!judged)
    return unexpected<failure>{judged.error()};
  return found;
}

result<void> check_log(image_bytes& image, walk_budget& budget, const walk_policy& policy,
                       const formats::vhdx_header& header) {
  if (formats::all_zero(header.log_id))
    return {};
  if (!policy.accept_dirty)
    return formats::vhdx_not_closed();
  const auto entries = holds_log_entries(image, budget, header);
  if (!entries)
    return unexpected<failure>{entries.error()};
  if (*entries)
    return formats::vhdx_not_closed();
  return {};
}

result<void> claim_regions(file_map& map, const formats::vhdx_header& header, const formats::vhdx_regions& regions) {
  auto judged = map.claim(0, vhdx_places::alignment, "the headers");
  if (judged)
    judged = map.claim(header.log.offset, header.log.length, "the log");
  if (judged)
    judged = map.claim(regions.block_table.offset, regions.block_table.length, "the block table");
  if (judged)
    judged = map.claim(regions.metadata.offset, regions.metadata.length, "the metadata");
  for (const auto& region : regions.others)
    if (judged)
      judged = map.claim(region.offset, region.length, "an optional region");
  return judged;
}

}  // namespace

result<walk_findings> walk_vhdx(image_bytes& image, const walk_policy& policy, walk_budget& budget) {
  const auto first_header = read_bytes(image, vhdx_places::headers[0], vhdx_places::header_size);
  const auto second_header = read_bytes(image, vhdx_places::headers[1], vhdx_places::header_size);
  const auto first_table = read_bytes(image, vhdx_places::region_tables[0], vhdx_places::table_size);
  const auto second_table = read_bytes(image, vhdx_places::region_tables[1], vhdx_places::table_size);
  for (const auto* const bytes : {&first_header, &second_header, &first_table, &second_table})
    if (!*bytes)
      return unexpected<failure>{bytes->error()};
  const auto header = formats::read_vhdx_headers(*first_header, *second_header);
  if (!header)
    return unexpected<failure>{header.error()};
  // Unlike the headers, the region tables are never rewritten: one that is not whole is damage.
  if (!formats::vhdx_region_table_sound(*first_table) || !formats::vhdx_region_table_sound(*second_table))
    return formats::vhdx_damaged("one of its two region tables is not whole");
  const auto regions = formats::read_vhdx_region_tables(*first_table, *second_table, header->log);
  if (!regions)
    return unexpected<failure>{regions.error()};
  file_map map{image.size(), vhdx_places::alignment, budget};
  auto judged = claim_regions(map, *header, *regions);
  if (judged)
    judged = check_log(image, budget, policy, *header);
  if (!judged)
    return unexpected<failure>{judged.error()};
  const auto disk = vhdx::read_metadata(image, budget, *regions);
  if (!disk)
    return unexpected<failure>{disk.error()};
  judged = check_virtual_size(disk->size, policy);
  if (!judged)
    return unexpected<failure>{judged.error()};
  const auto allocated = vhdx::follow_block_table(image, budget, map, regions->block_table, *disk);
  if (!allocated)
    return unexpected<failure>{allocated.error()};
  return walk_findings{"vhdx", disk->size, *allocated, {}};
}

}  // namespace sluice::actors::verification::structure
