// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "actors/verification/structure/image_bytes.hpp"
#include "tests/fuzz/targets.hpp"

/// Images of megabytes in some hundred bytes. An image is mostly zeros, and a fuzzer that has to carry them is slow and
/// changes what nobody reads. An outline lists the rest: where, and what stands there.
///
///   "OUTLINE\n", size (8 bytes, little endian), then pieces: place (8), length (4), bytes
///
/// Everything else is taken for the image itself, so that a real file is an input as it is.
namespace sluice::tests::fuzz {

struct outline_piece {
  std::uint64_t place = 0;
  bytes content;
};

struct outline {
  std::uint64_t size = 0;
  std::vector<outline_piece> pieces;  ///< a later one covers an earlier
};

/// Images are no larger: a walk may read all of one.
inline constexpr std::uint64_t largest_outlined = std::uint64_t{512} << 20;

/// What `input` means; nullopt when it is no outline. Pieces past the image's end, and beyond the 64th, are left out.
[[nodiscard]] std::optional<outline> read_outline(std::span<const std::byte> input);
/// `image` with its runs of zeros left out.
[[nodiscard]] outline outline_of(std::span<const std::byte> image);
[[nodiscard]] bytes written(const outline& image);
[[nodiscard]] std::vector<bytes> outlined(const std::vector<bytes>& images);

/// Fills all of `into` with what the image has from `place` on; zeros past its end.
void copy_out(const outline& image, std::uint64_t place, std::span<std::byte> into);
/// Writes over what the image has there.
void put(outline& image, std::uint64_t place, std::span<const std::byte> content);

/// An input as a walk sees it.
class outlined_bytes final : public actors::verification::structure::image_bytes {
 public:
  explicit outlined_bytes(const outline& image) noexcept : image_{image} {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return image_.size; }
  [[nodiscard]] schemas::result<void> read(std::uint64_t offset, std::span<std::byte> into) override;
  [[nodiscard]] std::uint64_t next_data(std::uint64_t from) const noexcept override;

 private:
  const outline& image_;
};

}  // namespace sluice::tests::fuzz
