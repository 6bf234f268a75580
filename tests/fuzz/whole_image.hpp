// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <optional>

#include "tests/fuzz/outline.hpp"

namespace sluice::tests::fuzz {

/// The image itself for those that read all of it in order: the input, or the bytes that it outlines. Images beyond
/// 8 MiB are left to the walks.
class whole_image {
 public:
  explicit whole_image(std::span<const std::byte> input) : image_{read_outline(input)}, bytes_{input} {
    if (!image_)
      return;
    bytes_ = std::span{room()}.first(static_cast<std::size_t>(std::min<std::uint64_t>(image_->size, room().size())));
    for (const auto& piece : image_->pieces)
      if (const auto there = place_of(piece); !there.empty())
        std::ranges::copy(std::span{piece.content}.first(there.size()), there.begin());
  }
  whole_image(const whole_image&) = delete;
  whole_image& operator=(const whole_image&) = delete;
  ~whole_image() {
    if (image_)
      for (const auto& piece : image_->pieces)
        std::ranges::fill(place_of(piece), std::byte{0});
  }

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }

 private:
  /// Zeros but for the pieces of an image that is there: clearing them is cheaper than clearing all of it.
  static std::vector<std::byte>& room() {
    static std::vector<std::byte> all(std::size_t{8} << 20);
    return all;
  }
  [[nodiscard]] std::span<std::byte> place_of(const outline_piece& piece) const {
    if (piece.place >= bytes_.size())
      return {};
    const auto rest = std::span{room()}.first(bytes_.size()).subspan(static_cast<std::size_t>(piece.place));
    return rest.first(std::min(rest.size(), piece.content.size()));
  }

  std::optional<outline> image_;
  std::span<const std::byte> bytes_;
};

}  // namespace sluice::tests::fuzz
