// SPDX-License-Identifier: Apache-2.0
#include "actors/pipeline/unpack_lane.hpp"

#include <algorithm>
#include <utility>

namespace sluice::actors {

unpack_lane::unpack_lane(verification::packaging::packing kind, const verification::packaging::unpacking_limits& limits,
                         std::vector<lane*> received)
    : unpacking_{kind, limits},
      received_{std::move(received)},
      input_{std::make_unique<std::byte[]>(block_pool::block_size)} {}

void unpack_lane::aim(std::span<std::byte> output) noexcept {
  output_ = output;
  produced_ = 0;
}

schemas::result<void> unpack_lane::consume(std::span<const std::byte> piece) {
  const auto from = input().subspan(begin_, std::min(end_ - begin_, piece.size()));
  const auto into = output_.subspan(produced_, std::min(output_.size() - produced_, piece.size()));
  if (into.empty() || (from.empty() && !held_back_))
    return {};
  const auto done = unpacking_.step(from, into);
  if (!done)
    return tl::unexpected{done.error()};
  produced_ += done->produced;
  held_back_ = done->produced == into.size();
  for (auto* const each : received_)
    if (auto taken = each->consume(from.first(done->consumed)); !taken)
      return taken;
  begin_ += done->consumed;
  if (begin_ == end_)
    begin_ = end_ = 0;
  return {};
}

schemas::result<void> unpack_lane::finish() {
  for (auto* const each : received_)
    if (auto finished = each->finish(); !finished)
      return finished;
  return unpacking_.finish();
}

}  // namespace sluice::actors
