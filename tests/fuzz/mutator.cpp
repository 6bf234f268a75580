// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/mutator.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <random>

#include "tests/fuzz/seals.hpp"

namespace sluice::tests::fuzz {
namespace {

using generator = std::minstd_rand;

std::uint64_t below(generator& random, std::uint64_t bound) {
  return bound == 0 ? 0 : ((std::uint64_t{random()} << 31) ^ random()) % bound;
}

outline_piece* any_piece(outline& image, generator& random) {
  return image.pieces.empty() ? nullptr : &image.pieces[below(random, image.pieces.size())];
}

std::uint64_t field_of(const bytes& content, std::size_t at, std::size_t width, bool big) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i)
    value |= std::to_integer<std::uint64_t>(content[at + i]) << (8 * (big ? width - 1 - i : i));
  return value;
}

void set_field(bytes& content, std::size_t at, std::size_t width, bool big, std::uint64_t value) {
  for (std::size_t i = 0; i < width; ++i)
    content[at + i] = static_cast<std::byte>(value >> (8 * (big ? width - 1 - i : i)));
}

/// What lengths, counts, places and flags are wrong with.
std::uint64_t telling_value(const outline& image, std::uint64_t old, generator& random) {
  switch (below(random, 10)) {
    case 0: return 0;
    case 1: return ~std::uint64_t{0};
    case 2: return std::uint64_t{1} << below(random, 64);
    case 3: return (std::uint64_t{1} << below(random, 64)) - 1;
    case 4: return image.size / std::array<std::uint64_t, 4>{1, 512, 2048, 4096}[below(random, 4)];
    case 5: return old + 1;
    case 6: return old - 1;
    case 7: return old ^ (std::uint64_t{1} << below(random, 64));
    case 8: return old << below(random, 8);
    default:
      return below(random, image.size + 1) & ~(std::array<std::uint64_t, 4>{0, 511, 4095, 65535}[below(random, 4)]);
  }
}

void change_field(outline& image, generator& random) {
  auto* const piece = any_piece(image, random);
  const auto width = std::size_t{1} << below(random, 4);
  if (piece == nullptr || piece->content.size() < width)
    return;
  // More often near the front, where headers are; mostly aligned, as fields are.
  const auto reach = std::max<std::uint64_t>(1, (piece->content.size() - width + 1) >> below(random, 6));
  auto at = below(random, reach);
  if (below(random, 4) != 0)
    at = at / width * width;
  const bool big = below(random, 2) == 0;
  auto value = telling_value(image, field_of(piece->content, at, width, big), random);
  if (const auto* const other = any_piece(image, random); below(random, 4) == 0 && other->content.size() >= width)
    value = field_of(other->content, below(random, other->content.size() - width + 1), width, big);
  set_field(piece->content, at, width, big, value);
}

void change_bytes(outline& image, generator& random, const byte_mutation& mutate) {
  auto* const piece = any_piece(image, random);
  if (piece == nullptr || piece->content.empty())
    return;
  const auto length =
      std::min<std::size_t>(piece->content.size(), 1 + below(random, std::uint64_t{4} << below(random, 7)));
  const auto at = below(random, piece->content.size() - length + 1);
  mutate(std::span{piece->content}.subspan(at, length));
}

/// A piece that was not there, moved, doubled, cut or gone; the size of the whole.
void change_form(outline& image, generator& random) {
  auto* const piece = any_piece(image, random);
  const std::uint64_t unit = std::array<std::uint64_t, 4>{1, 512, 4096, 65536}[below(random, 4)];
  switch (below(random, 8)) {
    case 0: image.size = below(random, image.size + 1) / unit * unit; return;
    case 1: image.size += unit * (1 + below(random, 16)); return;
    case 2: image.size -= std::min(image.size, unit); return;
    case 3:
      image.pieces.push_back(
          {below(random, image.size + 1) / unit * unit, bytes(1 + below(random, 64), std::byte{0x5A})});
      return;
    default: break;
  }
  if (piece == nullptr)
    return;
  switch (below(random, 4)) {
    case 0: piece->place = below(random, image.size + 1) / unit * unit; return;
    case 1: {
      auto copy = *piece;
      copy.place = below(random, image.size + 1) / unit * unit;
      image.pieces.push_back(std::move(copy));
      return;
    }
    case 2: piece->content.resize(below(random, piece->content.size() + 1)); return;
    default: image.pieces.erase(image.pieces.begin() + (piece - image.pieces.data())); return;
  }
}

}  // namespace

void mutate_image(outline& image, std::uint64_t seed, const byte_mutation& mutate) {
  generator random{static_cast<generator::result_type>(seed)};
  for (auto changes = 1 + below(random, 3); changes > 0; --changes)
    switch (below(random, 16)) {
      case 0: change_form(image, random); break;
      case 1:
      case 2:
      case 3:
      case 4:
      case 5: change_bytes(image, random, mutate); break;
      default: change_field(image, random); break;
    }
  image.size = std::min(image.size, largest_outlined);
  if (below(random, 16) != 0)
    seal(image);
}

}  // namespace sluice::tests::fuzz
