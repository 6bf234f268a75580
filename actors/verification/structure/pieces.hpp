// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "actors/verification/formats/bytes.hpp"
#include "actors/verification/structure/image_bytes.hpp"
#include "actors/verification/structure/walk.hpp"

namespace sluice::actors::verification::structure {

/// `length` bytes at `offset`; for what our code sizes, not a field of the image.
[[nodiscard]] inline schemas::result<std::vector<std::byte>> read_bytes(image_bytes& image, std::uint64_t offset,
                                                                        std::size_t length) {
  std::vector<std::byte> bytes(length);
  const auto judged = image.read(offset, bytes);
  if (!judged)
    return schemas::unexpected<schemas::failure>{judged.error()};
  return bytes;
}

/// Reads [offset, offset + length) in order and calls `visit(position, piece)` for each piece, `position` counted from
/// `offset` and a multiple of 64 KiB; so that a table of any length takes no more memory than that. Stops at the first
/// failure of either. The budget counts a step for each 4 KiB.
template <class Visit>
[[nodiscard]] schemas::result<void> for_each_piece(image_bytes& image, walk_budget& budget, std::uint64_t offset,
                                                   std::uint64_t length, Visit visit) {
  constexpr std::uint64_t piece_size = std::uint64_t{64} << 10;
  std::vector<std::byte> buffer(static_cast<std::size_t>(std::min(piece_size, length)));
  schemas::result<void> judged;
  for (std::uint64_t position = 0; position < length && judged; position += piece_size) {
    const auto piece = std::span{buffer}.first(static_cast<std::size_t>(std::min(piece_size, length - position)));
    judged = budget.step(piece.size() / 4096 + 1);
    if (judged)
      judged = image.read(offset + position, piece);
    if (judged)
      judged = visit(position, formats::bytes_view{piece});
  }
  return judged;
}

}  // namespace sluice::actors::verification::structure
