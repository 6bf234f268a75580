// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/outline.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "actors/verification/formats/bytes.hpp"

namespace sluice::tests::fuzz {
namespace {

namespace formats = actors::verification::formats;

constexpr std::string_view magic = "OUTLINE\n";
constexpr std::size_t head = 16;
constexpr std::size_t piece_head = 12;
constexpr std::size_t most_pieces = 64;
/// Runs of zeros that are shorter cost more as a hole than as themselves.
constexpr std::size_t shortest_hole = 32;

void append(bytes& all, std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i)
    all.push_back(static_cast<std::byte>(value >> (8 * i)));
}

}  // namespace

std::optional<outline> read_outline(std::span<const std::byte> input) {
  if (input.size() < head || !formats::holds(input, 0, magic))
    return std::nullopt;
  outline image{std::min(formats::read_little_endian<std::uint64_t>(input, 8), largest_outlined), {}};
  for (std::size_t at = head; at + piece_head <= input.size() && image.pieces.size() < most_pieces;) {
    const auto place = formats::read_little_endian<std::uint64_t>(input, at);
    const std::size_t length = std::min<std::size_t>(formats::read_little_endian<std::uint32_t>(input, at + 8),
                                                     input.size() - at - piece_head);
    const auto content = input.subspan(at + piece_head, length);
    at += piece_head + length;
    if (place >= image.size || length == 0)
      continue;
    const auto fitting = content.first(static_cast<std::size_t>(std::min<std::uint64_t>(length, image.size - place)));
    image.pieces.push_back({place, {fitting.begin(), fitting.end()}});
  }
  return image;
}

outline outline_of(std::span<const std::byte> image) {
  outline found{image.size(), {}};
  const auto is_zero = [](std::byte each) { return each == std::byte{0}; };
  for (auto at = image.begin(); (at = std::find_if_not(at, image.end(), is_zero)) != image.end();) {
    auto end = at;
    for (auto hole = at; hole != image.end() && static_cast<std::size_t>(hole - end) < shortest_hole; ++hole)
      if (!is_zero(*hole))
        end = hole + 1;
    found.pieces.push_back({static_cast<std::uint64_t>(at - image.begin()), {at, end}});
    at = end;
  }
  return found;
}

bytes written(const outline& image) {
  bytes all;
  const auto view = std::as_bytes(std::span{magic});
  all.assign(view.begin(), view.end());
  append(all, image.size, 8);
  for (const auto& [place, content] : image.pieces) {
    append(all, place, 8);
    append(all, content.size(), 4);
    all.insert(all.end(), content.begin(), content.end());
  }
  return all;
}

std::vector<bytes> outlined(const std::vector<bytes>& images) {
  std::vector<bytes> all;
  for (const auto& each : images)
    all.push_back(written(outline_of(each)));
  return all;
}

void copy_out(const outline& image, std::uint64_t place, std::span<std::byte> into) {
  std::ranges::fill(into, std::byte{0});
  for (const auto& piece : image.pieces) {
    const auto begin = std::max(place, piece.place);
    const auto end = std::min(place + into.size(), piece.place + piece.content.size());
    if (begin < end)
      std::memcpy(into.data() + (begin - place), piece.content.data() + (begin - piece.place), end - begin);
  }
}

void put(outline& image, std::uint64_t place, std::span<const std::byte> content) {
  if (content.empty() || !formats::lies_within(place, content.size(), image.size))
    return;
  for (auto piece = image.pieces.rbegin(); piece != image.pieces.rend(); ++piece) {
    const auto end = piece->place + piece->content.size();
    if (place >= piece->place && place + content.size() <= end) {
      std::ranges::copy(content, piece->content.begin() + static_cast<std::ptrdiff_t>(place - piece->place));
      return;
    }
    if (place < end && piece->place < place + content.size())
      break;  // it covers a part: what comes before would not show
  }
  image.pieces.push_back({place, {content.begin(), content.end()}});
}

schemas::result<void> outlined_bytes::read(std::uint64_t offset, std::span<std::byte> into) {
  if (!formats::lies_within(offset, into.size(), image_.size))
    return schemas::refuse(schemas::error_code::image_truncated, "The image ends before all that it refers to.");
  copy_out(image_, offset, into);
  return {};
}

std::uint64_t outlined_bytes::next_data(std::uint64_t from) const noexcept {
  auto next = image_.size;
  for (const auto& piece : image_.pieces)
    if (from < piece.place + piece.content.size())
      next = std::min(next, std::max(from, piece.place));
  return next;
}

}  // namespace sluice::tests::fuzz
