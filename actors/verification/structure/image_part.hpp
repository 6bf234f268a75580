// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "actors/verification/formats/bytes.hpp"
#include "actors/verification/structure/image_bytes.hpp"
#include "actors/verification/structure/walk.hpp"

namespace sluice::actors::verification::structure {

/// A stretch of an image as an image of its own: a partition, or the disk before a footer. Reads past its end are
/// refused as those past the end of a file are.
class image_part final : public image_bytes {
 public:
  /// [offset, offset + length) lies inside `whole`, which outlives this.
  image_part(image_bytes& whole, std::uint64_t offset, std::uint64_t length) noexcept
      : whole_{whole}, offset_{offset}, length_{length} {}

  [[nodiscard]] std::uint64_t size() const noexcept override { return length_; }
  [[nodiscard]] schemas::result<void> read(std::uint64_t offset, std::span<std::byte> into) override {
    if (!formats::lies_within(offset, into.size(), length_))
      return schemas::refuse(schemas::error_code::image_truncated,
                             "A partition's tables refer to bytes past its end. The partition is too small for what "
                             "is in it, or damaged: check the disk and get the image anew.");
    return whole_.read(offset_ + offset, into);
  }
  [[nodiscard]] std::uint64_t next_data(std::uint64_t from) const noexcept override {
    const auto found = whole_.next_data(offset_ + std::min(from, length_));
    return std::min(found - std::min(found, offset_), length_);
  }

 private:
  image_bytes& whole_;
  std::uint64_t offset_;
  std::uint64_t length_;
};

/// Bytes read out of an image, charged to the budget for as long as they are kept.
class image_piece {
 public:
  /// All of [offset, offset + length); asks for no memory before it is known that the image has them.
  [[nodiscard]] static schemas::result<image_piece> read(image_bytes& image, std::uint64_t offset, std::uint64_t length,
                                                         walk_budget& budget) {
    if (!formats::lies_within(offset, length, image.size()))
      return schemas::refuse(schemas::error_code::image_truncated,
                             "The image refers to " + std::to_string(length) + " bytes at offset " +
                                 std::to_string(offset) + ", but there are only " + std::to_string(image.size()) +
                                 ". It was cut off or its tables are damaged: get it anew.");
    const auto taken = budget.take(length);
    if (!taken)
      return schemas::unexpected<schemas::failure>{taken.error()};
    image_piece piece{budget, length};
    const auto done = image.read(offset, piece.bytes_);
    if (!done)
      return schemas::unexpected<schemas::failure>{done.error()};
    return piece;
  }
  image_piece(image_piece&& other) noexcept
      : budget_{std::exchange(other.budget_, nullptr)}, bytes_{std::move(other.bytes_)} {}
  image_piece& operator=(image_piece&&) = delete;
  ~image_piece() {
    if (budget_ != nullptr)
      budget_->give_back(bytes_.size());
  }

  [[nodiscard]] formats::bytes_view bytes() const noexcept { return bytes_; }

 private:
  image_piece(walk_budget& budget, std::uint64_t length) : budget_{&budget}, bytes_(length) {}
  walk_budget* budget_;
  std::vector<std::byte> bytes_;
};

}  // namespace sluice::actors::verification::structure
