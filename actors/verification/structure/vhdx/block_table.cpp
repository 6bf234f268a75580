// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/structure/vhdx/block_table.hpp"

#include <algorithm>

#include "actors/verification/structure/pieces.hpp"

namespace sluice::actors::verification::structure::vhdx {
namespace {

using schemas::result;

/// The lowest three bits of an entry.
enum class block_state : std::uint8_t { not_present = 0, undefined = 1, zero = 2, unmapped = 3, fully_present = 6 };

constexpr std::uint64_t state_bits = 7;
constexpr std::uint64_t reserved_bits = 0xFFFF8;
constexpr std::uint64_t place_bits = ~std::uint64_t{0xFFFFF};

class block_table {
 public:
  block_table(file_map& map, const formats::vhdx_disk& disk) : map_{map}, disk_{disk} {}

  result<void> follow(std::uint64_t index, std::uint64_t entry) {
    const auto group = disk_.blocks_per_bitmap() + 1;
    if (index % group == group - 1)
      return (entry & state_bits) == 0
                 ? result<void>{}
                 : formats::vhdx_damaged("it has a sector bitmap, which only a disk with a parent has");
    const auto place = entry & place_bits;
    switch (static_cast<block_state>(entry & state_bits)) {
      case block_state::not_present:
      case block_state::undefined:
      case block_state::zero:
      case block_state::unmapped: return {};
      case block_state::fully_present: return claim(index, index - index / group, place, (entry & reserved_bits) == 0);
    }
    return formats::vhdx_damaged("an entry of its block table has a state that a disk without a parent cannot have");
  }

  [[nodiscard]] std::uint64_t allocated() const noexcept { return allocated_; }

 private:
  result<void> claim(std::uint64_t index, std::uint64_t block, std::uint64_t place, bool aligned) {
    if (!aligned || place < formats::vhdx_places::alignment)
      return formats::vhdx_damaged("an entry of its block table has an impossible place");
    const auto visible = std::min(disk_.block, disk_.size - block * disk_.block);
    allocated_ += visible;
    // QEMU has written files that end within the last block; it reads them where the table has no bitmap entries.
    const auto needed = index == block ? visible : disk_.block;
    return map_.claim_unit(place, needed, "a block");
  }

  file_map& map_;
  const formats::vhdx_disk& disk_;
  std::uint64_t allocated_ = 0;
};

}  // namespace

result<std::uint64_t> follow_block_table(image_bytes& image, walk_budget& budget, file_map& map,
                                         const formats::vhdx_region& table, const formats::vhdx_disk& disk) {
  block_table blocks{map, disk};
  const auto judged = for_each_piece(
      image, budget, table.offset, disk.table_entries() * 8, [&](std::uint64_t position, formats::bytes_view piece) {
        result<void> followed;
        for (std::size_t i = 0; i < piece.size() && followed; i += 8)
          followed = blocks.follow((position + i) / 8, formats::read_little_endian<std::uint64_t>(piece, i));
        return followed;
      });
  if (!judged)
    return schemas::unexpected<schemas::failure>{judged.error()};
  return blocks.allocated();
}

}  // namespace sluice::actors::verification::structure::vhdx
