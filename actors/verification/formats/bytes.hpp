// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sluice::actors::verification::formats {

using bytes_view = std::span<const std::byte>;

/// Headers are read field by field out of untrusted bytes: never by casting, never past the end. A field that is not
/// wholly inside `bytes` reads as 0, so that a missing length check yields a refused image and no stray read.
template <std::unsigned_integral Integer>
[[nodiscard]] constexpr Integer read_big_endian(bytes_view bytes, std::uint64_t offset) noexcept {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(Integer))
    return 0;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(Integer); ++i)
    value = (value << 8) | std::to_integer<std::uint64_t>(bytes[offset + i]);
  return static_cast<Integer>(value);
}

template <std::unsigned_integral Integer>
[[nodiscard]] constexpr Integer read_little_endian(bytes_view bytes, std::uint64_t offset) noexcept {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(Integer))
    return 0;
  std::uint64_t value = 0;
  for (std::size_t i = sizeof(Integer); i > 0; --i)
    value = (value << 8) | std::to_integer<std::uint64_t>(bytes[offset + i - 1]);
  return static_cast<Integer>(value);
}

[[nodiscard]] constexpr std::uint8_t read_byte(bytes_view bytes, std::uint64_t offset) noexcept {
  return read_little_endian<std::uint8_t>(bytes, offset);
}

/// Whether `magic` stands at `offset`; false when the bytes end before it does.
[[nodiscard]] constexpr bool holds(bytes_view bytes, std::uint64_t offset, std::string_view magic) noexcept {
  if (offset > bytes.size() || bytes.size() - offset < magic.size())
    return false;
  for (std::size_t i = 0; i < magic.size(); ++i)
    if (std::to_integer<unsigned char>(bytes[offset + i]) != static_cast<unsigned char>(magic[i]))
      return false;
  return true;
}

/// The part of [offset, offset + length) that is inside `bytes`.
[[nodiscard]] constexpr bytes_view slice(bytes_view bytes, std::uint64_t offset, std::uint64_t length) noexcept {
  if (offset >= bytes.size())
    return {};
  const auto rest = bytes.subspan(offset);
  return rest.size() > length ? rest.first(length) : rest;
}

[[nodiscard]] constexpr bool all_zero(bytes_view bytes) noexcept {
  for (const auto byte : bytes)
    if (byte != std::byte{0})
      return false;
  return true;
}

/// The same bytes as text, for the formats whose headers are text.
[[nodiscard]] inline std::string_view as_text(bytes_view bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Whether [offset, offset + length) lies inside a file of `total` bytes; safe against overflow.
[[nodiscard]] constexpr bool lies_within(std::uint64_t offset, std::uint64_t length, std::uint64_t total) noexcept {
  return offset <= total && length <= total - offset;
}

/// `count * unit <= total` without overflow; `unit` is not 0.
[[nodiscard]] constexpr bool units_fit(std::uint64_t count, std::uint64_t unit, std::uint64_t total) noexcept {
  return count <= total / unit;
}

[[nodiscard]] constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) noexcept {
  const auto over = value % unit;
  return over == 0 ? value : value + (unit - over);
}

}  // namespace sluice::actors::verification::formats
