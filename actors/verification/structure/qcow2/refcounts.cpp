// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/structure/qcow2/refcounts.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "actors/verification/formats/bytes.hpp"
#include "actors/verification/structure/table_entries.hpp"

namespace sluice::actors::verification::structure::qcow2 {
namespace {

using formats::bytes_view;
using formats::read_big_endian;
using schemas::error_code;
using schemas::result;

/// The `index`th count of a block whose counts are 2^order bits wide; those under a byte start at its lowest bit.
std::uint64_t read_count(bytes_view block, std::uint64_t index, std::uint32_t order) {
  switch (order) {
    case 0:
    case 1:
    case 2: {
      const auto bit = index << order;
      const auto mask = (1U << (1U << order)) - 1;
      return (std::uint32_t{formats::read_byte(block, bit / 8)} >> (bit % 8)) & mask;
    }
    case 3: return formats::read_byte(block, index);
    case 4: return read_big_endian<std::uint16_t>(block, index * 2);
    case 5: return read_big_endian<std::uint32_t>(block, index * 4);
    default: return read_big_endian<std::uint64_t>(block, index * 8);
  }
}

result<void> compare(const cluster_use& use, std::uint64_t cluster, std::uint64_t counted, std::uint32_t bits) {
  const auto users = use.users(cluster);
  if (users > counted)
    return damaged(error_code::image_corrupt, "The cluster at offset " + std::to_string(cluster << bits) +
                                                  " of the qcow2 image, " + std::string{to_string(use.what(cluster))} +
                                                  ", has " + std::to_string(users) +
                                                  " users but a reference count of " + std::to_string(counted));
  if (use.is_active(cluster) && use.copied_flag(cluster) != (counted == 1))
    return damaged(error_code::image_corrupt,
                   "The cluster at offset " + std::to_string(cluster << bits) +
                       " of the qcow2 image has a reference count of " + std::to_string(counted) +
                       ", but its table says " +
                       (use.copied_flag(cluster) ? "that it is exactly 1" : "that it is not 1"));
  return {};
}

}  // namespace

result<void> claim_refcounts(image_bytes& image, const header& fields, cluster_use& use, walk_budget& budget) {
  const auto table_bytes = std::uint64_t{fields.refcount_clusters} << fields.cluster_bits;
  if (auto claimed = use.claim(content::refcount_table, fields.refcount_offset, table_bytes); !claimed)
    return claimed;
  return for_each_entry<std::uint64_t, byte_order::big>(
      image, budget, fields.refcount_offset, table_bytes / 8, [&](std::uint64_t, std::uint64_t block) -> result<void> {
        if (block == 0)
          return {};
        return use.claim(content::refcount_block, block, fields.cluster());
      });
}

result<void> compare_refcounts(image_bytes& image, const header& fields, const cluster_use& use, walk_budget& budget) {
  const auto counts_in_block = (fields.cluster() * 8) >> fields.refcount_order;
  const auto blocks = std::min((std::uint64_t{fields.refcount_clusters} << fields.cluster_bits) / 8,
                               formats::round_up(use.clusters(), counts_in_block) / counts_in_block);
  std::vector<std::byte> block(fields.cluster());
  std::uint64_t compared = 0;
  const auto compare_until = [&](std::uint64_t end, bool counted) -> result<void> {
    for (; compared < std::min(end, use.clusters()); ++compared) {
      const auto count = counted ? read_count(block, compared % counts_in_block, fields.refcount_order) : 0;
      if (auto right = compare(use, compared, count, fields.cluster_bits); !right)
        return right;
    }
    return budget.step(counts_in_block / 16 + 1);
  };
  auto judged = for_each_entry<std::uint64_t, byte_order::big>(
      image, budget, fields.refcount_offset, blocks, [&](std::uint64_t index, std::uint64_t place) -> result<void> {
        if (place == 0)
          return {};
        return compare_until(index * counts_in_block, false)
            .and_then([&] { return image.read(place, block); })
            .and_then([&] { return compare_until((index + 1) * counts_in_block, true); });
      });
  if (!judged)
    return judged;
  return compare_until(use.clusters(), false);
}

}  // namespace sluice::actors::verification::structure::qcow2
