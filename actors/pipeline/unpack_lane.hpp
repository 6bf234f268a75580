// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "actors/pipeline/block_pool.hpp"
#include "actors/pipeline/lanes.hpp"
#include "actors/verification/packaging/unpacking.hpp"

namespace sluice::actors {

/// Takes an image out of what is packed around it, as a lane of its own: so the threads that hash do it, at their
/// priority, behind the same gate, in turn with all other imports. What it is fed is not looked at; it is the memory
/// to be filled, and each piece of it says how much to do before the gate is passed again. Received bytes go to the
/// digests of what was received as they are unpacked.
class unpack_lane final : public lane {
 public:
  /// `received`: lanes that see the bytes as received. They outlive this one.
  unpack_lane(verification::packaging::packing kind, const verification::packaging::unpacking_limits& limits,
              std::vector<lane*> received);

  // While no order is in flight:

  /// Where the next received bytes go. Never empty while there is no work.
  [[nodiscard]] std::span<std::byte> room() noexcept { return input().subspan(end_); }
  void received(std::size_t bytes) noexcept { end_ += bytes; }
  /// Another order is needed before more can be received.
  [[nodiscard]] bool has_work() const noexcept { return begin_ < end_ || held_back_; }
  /// The memory to be filled by the next order, which is what the lane is then fed.
  void aim(std::span<std::byte> output) noexcept;
  /// How much of it was filled.
  [[nodiscard]] std::size_t produced() const noexcept { return produced_; }
  [[nodiscard]] verification::packaging::packing kind() const noexcept { return unpacking_.kind(); }

  /// Fills at most `piece.size()` bytes from at most as many.
  [[nodiscard]] schemas::result<void> consume(std::span<const std::byte> piece) override;
  /// Whether the received bytes ended where the packing does.
  [[nodiscard]] schemas::result<void> finish() override;

 private:
  [[nodiscard]] std::span<std::byte> input() noexcept { return {input_.get(), block_pool::block_size}; }

  verification::packaging::unpacking unpacking_;
  std::vector<lane*> received_;
  std::unique_ptr<std::byte[]> input_;
  std::size_t begin_ = 0, end_ = 0;  ///< of what waits in the input
  std::span<std::byte> output_;
  std::size_t produced_ = 0;
  bool held_back_ = false;  ///< the last step filled its room: there may be more without input
};

}  // namespace sluice::actors
