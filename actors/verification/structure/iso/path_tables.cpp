// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "actors/verification/structure/image_part.hpp"
#include "actors/verification/structure/iso/volume.hpp"

namespace sluice::actors::verification::structure::iso {
namespace {

using formats::bytes_view;
using schemas::failure;
using schemas::result;

template <std::unsigned_integral Integer>
Integer read(bytes_view bytes, std::uint64_t offset, bool little) {
  return little ? formats::read_little_endian<Integer>(bytes, offset)
                : formats::read_big_endian<Integer>(bytes, offset);
}

}  // namespace

result<void> check_path_tables(image_bytes& image, const volume_tree& tree, walk_budget& budget) {
  if (tree.path_table_size == 0)
    return damaged("a path table is empty");
  const auto little = image_piece::read(image, tree.little_path_table * tree.block, tree.path_table_size, budget);
  if (!little)
    return schemas::unexpected<failure>{little.error()};
  // Some programs write only one of the two.
  const auto big_place = tree.big_path_table == 0 ? tree.little_path_table : tree.big_path_table;
  const auto big = image_piece::read(image, big_place * tree.block, tree.path_table_size, budget);
  if (!big)
    return schemas::unexpected<failure>{big.error()};
  const bool same_order = tree.big_path_table == 0;
  const auto one = little->bytes();
  const auto other = big->bytes();
  std::uint64_t number = 0;
  for (std::uint64_t at = 0; at < one.size();) {
    const auto stepped = budget.step();
    if (!stepped)
      return stepped;
    ++number;
    // Section 9.4: length of the name, of the attributes; extent; number of the parent; name, padded to an even length.
    const std::uint64_t name = formats::read_byte(one, at);
    if (name == 0 || !formats::lies_within(at, 8 + name, one.size()))
      return damaged("a record of a path table has an impossible length");
    const auto extent = read<std::uint32_t>(one, at + 2, true);
    const auto parent = read<std::uint16_t>(one, at + 6, true);
    if (formats::read_byte(other, at) != name || read<std::uint32_t>(other, at + 2, same_order) != extent ||
        read<std::uint16_t>(other, at + 6, same_order) != parent ||
        !std::ranges::equal(formats::slice(one, at + 8, name), formats::slice(other, at + 8, name)))
      return damaged("its two path tables do not say the same");
    const auto place = (std::uint64_t{extent} + formats::read_byte(one, at + 1)) * tree.block;
    if (place >= image.size())
      return cut_off("a directory of a path table", place + tree.block, image.size());
    if (number == 1 && place != tree.root * tree.block)
      return damaged("a path table begins with another root directory than the volume descriptor's");
    if (parent == 0 || (number <= 0xFFFF && parent > number))
      return damaged("a path table names a parent that comes later");
    at += 8 + name + name % 2;
  }
  return {};
}

}  // namespace sluice::actors::verification::structure::iso
