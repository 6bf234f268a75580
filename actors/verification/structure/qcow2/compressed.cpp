// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/structure/qcow2/compressed.hpp"

#include <algorithm>
#include <string>

#include "actors/verification/formats/bytes.hpp"

namespace sluice::actors::verification::structure::qcow2 {
namespace {

using schemas::error_code;
using schemas::result;

constexpr std::uint64_t sector = 512;
constexpr std::size_t pieces_at_once = 4096;

std::string the_cluster_at(std::uint64_t offset) {
  return "The compressed cluster at offset " + std::to_string(offset) + " of the qcow2 image ";
}

}  // namespace

result<void> compressed_clusters::prepare(walk_budget& budget) {
  if (engine_)
    return {};
  // A descriptor can name twice a cluster's length.
  if (auto taken = budget.take(3 * fields_.cluster() + decompressor::memory); !taken)
    return taken;
  engine_ = decompressor::of(fields_.compression);
  input_.resize(2 * fields_.cluster());
  output_.resize(fields_.cluster());
  return {};
}

result<void> compressed_clusters::note(piece where, walk_budget& budget) {
  if (pieces_.size() == pieces_.capacity()) {
    // The old room and the new stand beside each other while the pieces move.
    const auto grown = std::max(pieces_at_once, pieces_.capacity() * 2);
    if (auto taken = budget.take(grown * sizeof(piece)); !taken)
      return taken;
    const auto before = pieces_.capacity();
    pieces_.reserve(grown);
    budget.give_back(before * sizeof(piece));
  }
  pieces_.push_back(where);
  return {};
}

result<void> compressed_clusters::follow(image_bytes& image, std::uint64_t entry, std::uint64_t times, bool active,
                                         cluster_use& use, walk_budget& budget) {
  const auto length_bits = fields_.cluster_bits - 8;
  const auto offset_bits = 62 - length_bits;
  const auto offset = entry & ((std::uint64_t{1} << offset_bits) - 1);
  const auto sectors = ((entry >> offset_bits) & ((std::uint64_t{1} << length_bits) - 1)) + 1;
  if ((entry >> 63) != 0)
    return damaged(error_code::image_corrupt, the_cluster_at(offset) +
                                                  "is marked as writable in place, which compressed ones "
                                                  "never are");
  if (offset >= farthest_offset)
    return damaged(error_code::image_corrupt, the_cluster_at(offset) + "lies beyond what the format can address");
  // The last sector may be short: only what was written of it is in the file.
  const auto end = offset / sector * sector + sectors * sector;
  if (offset >= image.size() || end > formats::round_up(image.size(), sector))
    return damaged(error_code::image_truncated, the_cluster_at(offset) + "ends at " + std::to_string(end) +
                                                    ", but the file has only " + std::to_string(image.size()) +
                                                    " bytes");
  for (auto cluster = offset >> fields_.cluster_bits; cluster <= (end - 1) >> fields_.cluster_bits; ++cluster)
    if (auto shared = use.share(content::compressed_data, cluster, times, cluster_use::most_users); !shared)
      return shared;
  if (auto ready = prepare(budget); !ready)
    return ready;
  if (auto counted = budget.step(fields_.cluster() / 64); !counted)
    return counted;
  const auto input = std::span{input_}.first(static_cast<std::size_t>(std::min(end, image.size()) - offset));
  if (auto read = image.read(offset, input); !read)
    return read;
  const auto taken = engine_->decompress(input, output_);
  if (!taken)
    return damaged(error_code::image_corrupt, the_cluster_at(offset) +
                                                  "does not decompress to exactly one cluster of " +
                                                  std::to_string(fields_.cluster()) + " bytes");
  return active ? note({offset, offset + *taken}, budget) : result<void>{};
}

result<void> compressed_clusters::check_apart(walk_budget& budget) {
  if (auto counted = budget.step(pieces_.size()); !counted)
    return counted;
  std::ranges::sort(pieces_, {}, &piece::offset);
  const auto meet =
      std::ranges::adjacent_find(pieces_, [](const piece& one, const piece& next) { return next.offset < one.end; });
  if (meet == pieces_.end())
    return {};
  return damaged(error_code::amplification,
                 the_cluster_at(std::next(meet)->offset) +
                     "uses bytes that another one uses as well: the same bytes stand for several places of the disk");
}

}  // namespace sluice::actors::verification::structure::qcow2
