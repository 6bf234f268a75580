// SPDX-License-Identifier: Apache-2.0
#include <bit>

#include "actors/verification/structure/image_part.hpp"
#include "actors/verification/structure/iso/volume.hpp"

namespace sluice::actors::verification::structure::iso {
namespace {

using formats::bytes_view;
using formats::holds;
using formats::read_big_endian;
using formats::read_byte;
using formats::read_little_endian;
using schemas::error_code;
using schemas::failure;
using schemas::refuse;
using schemas::result;

constexpr std::uint64_t first_descriptor = 16;
constexpr std::size_t most_descriptors = 256;  // real discs have fewer than ten

enum descriptor_type : std::uint8_t {
  boot_record = 0,
  primary = 1,
  supplementary = 2,
  partition = 3,
  terminator = 255
};

bool is_universal(bytes_view descriptor) {
  for (const auto* mark : {"BEA01", "NSR02", "NSR03", "TEA01", "BOOT2", "CDW02"})
    if (holds(descriptor, 1, mark))
      return true;
  return false;
}

/// A primary, supplementary or enhanced volume descriptor (sections 8.4 and 8.5).
result<volume_tree> read_tree(bytes_view descriptor, std::string_view title) {
  const auto block = both_16(descriptor, 128);
  const auto blocks = both_32(descriptor, 80);
  const auto table = both_32(descriptor, 132);
  const auto root = both_32(descriptor, 158);
  const auto size = both_32(descriptor, 166);
  if (!block || !blocks || !table || !both_16(descriptor, 120) || !both_16(descriptor, 124))
    return damaged("a volume descriptor contradicts itself in the two byte orders");
  if (*block < 512 || *block > sector || !std::has_single_bit(*block) || *blocks == 0)
    return damaged("a volume descriptor has an impossible block size or length");
  if (!root || !size || read_byte(descriptor, 156) < 34 || (read_byte(descriptor, 181) & 2) == 0)
    return damaged("a volume descriptor has no sound root directory");
  volume_tree tree;
  tree.title = title;
  tree.block = *block;
  tree.root = std::uint64_t{*root} + read_byte(descriptor, 157);
  tree.root_size = *size;
  tree.path_table_size = *table;
  tree.little_path_table = read_little_endian<std::uint32_t>(descriptor, 140);
  tree.big_path_table = read_big_endian<std::uint32_t>(descriptor, 148);
  return tree;
}

/// Takes one ISO descriptor into the set; true when it was the terminator.
result<bool> take(bytes_view descriptor, descriptor_set& set, std::uint64_t total) {
  switch (read_byte(descriptor, 0)) {
    case boot_record:
      if (holds(descriptor, 7, "EL TORITO SPECIFICATION") && !set.catalog)
        set.catalog = read_little_endian<std::uint32_t>(descriptor, 71);
      return false;
    case primary: {
      const auto tree = read_tree(descriptor, "the primary volume");
      if (!tree)
        return schemas::unexpected<failure>{tree.error()};
      const auto end = std::uint64_t{*both_32(descriptor, 80)} * tree->block;
      if (end > total)
        return cut_off("the volume", end, total);
      if (set.trees.empty() || set.trees.front().title != "the primary volume") {
        set.trees.insert(set.trees.begin(), *tree);
        set.end = end;
      }
      return false;
    }
    case supplementary: {
      const auto tree = read_tree(descriptor, "a supplementary volume");
      if (!tree)
        return schemas::unexpected<failure>{tree.error()};
      set.trees.push_back(*tree);
      return false;
    }
    case partition: return false;
    case terminator: return true;
    default: return damaged("a volume descriptor has an unknown type");
  }
}

}  // namespace

schemas::unexpected<failure> damaged(std::string_view what) {
  return refuse(error_code::image_corrupt, "The ISO image is damaged: " + std::string{what} +
                                               ". Get it anew, or write it afresh with the tool that made it.");
}

schemas::unexpected<failure> cut_off(std::string_view what, std::uint64_t needed, std::uint64_t total) {
  return refuse(error_code::image_truncated,
                "In the ISO image " + std::string{what} + " ends at byte " + std::to_string(needed) +
                    " but the file has only " + std::to_string(total) +
                    ". It was cut off: get it anew, and give 'expect.size' or 'expect.checksum' to notice it at once.");
}

std::optional<std::uint32_t> both_32(bytes_view bytes, std::uint64_t offset) noexcept {
  const auto value = read_little_endian<std::uint32_t>(bytes, offset);
  return value == read_big_endian<std::uint32_t>(bytes, offset + 4) ? std::optional{value} : std::nullopt;
}

std::optional<std::uint16_t> both_16(bytes_view bytes, std::uint64_t offset) noexcept {
  const auto value = read_little_endian<std::uint16_t>(bytes, offset);
  return value == read_big_endian<std::uint16_t>(bytes, offset + 2) ? std::optional{value} : std::nullopt;
}

result<descriptor_set> read_descriptors(image_bytes& image, walk_budget& budget) {
  descriptor_set set;
  bool terminated = false;
  bool foreign = false;
  for (std::size_t i = 0; i < most_descriptors && !foreign; ++i) {
    const auto stepped = budget.step();
    if (!stepped)
      return schemas::unexpected<failure>{stepped.error()};
    const auto place = (first_descriptor + i) * sector;
    if (!formats::lies_within(place, sector, image.size())) {
      if (terminated || (set.universal && set.trees.empty()))
        break;
      return cut_off("the set of volume descriptors", place + sector, image.size());
    }
    const auto piece = image_piece::read(image, place, sector, budget);
    if (!piece)
      return schemas::unexpected<failure>{piece.error()};
    const auto descriptor = piece->bytes();
    if (is_universal(descriptor)) {
      set.universal = set.universal || holds(descriptor, 1, "NSR0");
    } else if (!terminated && holds(descriptor, 1, "CD001")) {
      const auto ended = take(descriptor, set, image.size());
      if (!ended)
        return schemas::unexpected<failure>{ended.error()};
      terminated = *ended;
    } else if (!terminated || !holds(descriptor, 1, "CD001")) {
      foreign = true;  // UDF's sequence follows the terminator, if at all
    }
  }
  const bool optical = !set.trees.empty() && set.trees.front().title == "the primary volume";
  if ((!optical || !terminated) && !(set.universal && set.trees.empty()))
    return damaged("its volume descriptors have no primary one or no end");
  return set;
}

}  // namespace sluice::actors::verification::structure::iso
