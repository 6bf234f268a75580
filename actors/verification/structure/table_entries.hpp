// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "actors/verification/formats/bytes.hpp"
#include "actors/verification/structure/image_bytes.hpp"
#include "actors/verification/structure/walk.hpp"

namespace sluice::actors::verification::structure {

enum class byte_order : std::uint8_t { big, little };

enum class zero_entries : std::uint8_t { may_be_skipped, count };

/// Calls `follow(index, value)` for each entry of a table of `count` integers at `offset`, in order, reading 64 KiB at
/// a time whatever the table's length. Where zeros mean nothing, those in the file's holes may be left out. Stops at
/// the first failure; image_truncated when the table is not wholly in the file.
template <std::unsigned_integral Integer, byte_order Order, zero_entries Zeros = zero_entries::may_be_skipped,
          class Follow>
[[nodiscard]] schemas::result<void> for_each_entry(image_bytes& image, walk_budget& budget, std::uint64_t offset,
                                                   std::uint64_t count, Follow follow) {
  constexpr std::uint64_t piece = std::uint64_t{64} << 10;
  constexpr std::uint64_t entries_in_piece = piece / sizeof(Integer);
  if (!formats::units_fit(count, sizeof(Integer), image.size()) ||
      !formats::lies_within(offset, count * sizeof(Integer), image.size()))
    return schemas::refuse(schemas::error_code::image_truncated,
                           "The image names a table of " + std::to_string(count) + " entries at offset " +
                               std::to_string(offset) + ", but it is only " + std::to_string(image.size()) +
                               " bytes long. The file was cut off: get it anew, and give 'expect.size' or "
                               "'expect.checksum' to notice it at once.");
  std::vector<std::byte> buffer(std::min(piece, count * sizeof(Integer)));
  for (std::uint64_t first = 0; first < count; first += entries_in_piece) {
    const auto entries = std::min(entries_in_piece, count - first);
    const auto place = offset + first * sizeof(Integer);
    if (auto counted = budget.step(entries / 16 + 1); !counted)
      return counted;
    if (Zeros == zero_entries::may_be_skipped && count > entries_in_piece &&
        image.next_data(place) >= place + entries * sizeof(Integer))
      continue;
    const auto bytes = std::span{buffer}.first(static_cast<std::size_t>(entries * sizeof(Integer)));
    if (auto read = image.read(place, bytes); !read)
      return read;
    for (std::uint64_t i = 0; i < entries; ++i) {
      const auto value = Order == byte_order::big ? formats::read_big_endian<Integer>(bytes, i * sizeof(Integer))
                                                  : formats::read_little_endian<Integer>(bytes, i * sizeof(Integer));
      if (auto followed = follow(first + i, value); !followed)
        return followed;
    }
  }
  return {};
}

}  // namespace sluice::actors::verification::structure
