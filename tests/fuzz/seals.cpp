// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/seals.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

#include "actors/verification/formats/checksums.hpp"

namespace sluice::tests::fuzz {
namespace {

namespace formats = actors::verification::formats;
using formats::crc_polynomial;

bytes part(const outline& image, std::uint64_t place, std::size_t length) {
  bytes content(length);
  copy_out(image, place, content);
  return content;
}

bool stands(const outline& image, std::uint64_t place, std::string_view magic) {
  return formats::lies_within(place, magic.size(), image.size) &&
         formats::holds(part(image, place, magic.size()), 0, magic);
}

template <std::unsigned_integral Integer>
Integer little(const outline& image, std::uint64_t place) {
  return formats::read_little_endian<Integer>(part(image, place, sizeof(Integer)), 0);
}

template <std::unsigned_integral Integer>
Integer big(const outline& image, std::uint64_t place) {
  return formats::read_big_endian<Integer>(part(image, place, sizeof(Integer)), 0);
}

void put_little(outline& image, std::uint64_t place, std::uint64_t value, std::size_t width) {
  std::array<std::byte, 8> field{};
  for (std::size_t i = 0; i < width; ++i)
    field[i] = static_cast<std::byte>(value >> (8 * i));
  put(image, place, std::span{field}.first(width));
}

void put_big(outline& image, std::uint64_t place, std::uint64_t value, std::size_t width) {
  std::array<std::byte, 8> field{};
  for (std::size_t i = 0; i < width; ++i)
    field[i] = static_cast<std::byte>(value >> (8 * (width - 1 - i)));
  put(image, place, std::span{field}.first(width));
}

/// The entries first: the header's own checksum covers theirs.
void seal_gpt(outline& image, std::uint64_t header) {
  if (!stands(image, header, "EFI PART"))
    return;
  const std::uint64_t entries = little<std::uint64_t>(image, header + 72) * 512;
  const std::uint64_t length =
      std::uint64_t{little<std::uint32_t>(image, header + 80)} * little<std::uint32_t>(image, header + 84);
  if (length <= 64 << 10 && formats::lies_within(entries, length, image.size))
    put_little(image, header + 88, formats::crc<crc_polynomial::ieee>(part(image, entries, length)), 4);
  const auto size = std::clamp<std::size_t>(little<std::uint32_t>(image, header + 12), 92, 512);
  put_little(image, header + 16, formats::crc_without_field<crc_polynomial::ieee>(part(image, header, size), 16), 4);
}

void seal_vhd(outline& image, std::uint64_t place, std::string_view magic, std::size_t length, std::size_t field) {
  if (!stands(image, place, magic) || !formats::lies_within(place, length, image.size))
    return;
  put_big(image, place + field, 0, 4);
  std::uint32_t sum = 0;
  for (const auto each : part(image, place, length))
    sum += std::to_integer<std::uint32_t>(each);
  put_big(image, place + field, ~sum, 4);
}

void seal_vhdx(outline& image, std::uint64_t place, std::string_view magic, std::size_t length) {
  if (stands(image, place, magic) && formats::lies_within(place, length, image.size))
    put_little(image, place + 4, formats::crc_without_field<crc_polynomial::castagnoli>(part(image, place, length), 4),
               4);
}

void seal_luks2(outline& image, std::uint64_t place) {
  const auto length = big<std::uint64_t>(image, place + 8);
  if (big<std::uint16_t>(image, place + 6) != 2 || length < 4096 || length > 1 << 20 ||
      !formats::lies_within(place, length, image.size))
    return;
  auto header = part(image, place, length);
  std::fill_n(header.begin() + 448, 64, std::byte{0});
  std::array<std::byte, 64> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(header.data()), header.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  put(image, place + 448, digest);
}

/// A UDF descriptor: the sum of its tag over the checksum of what follows (ECMA-167 part 3, section 7.2).
void seal_universal(outline& image, std::uint64_t place) {
  const auto tag = little<std::uint16_t>(image, place);
  if (tag == 0 || tag > 9 || !formats::lies_within(place, 512, image.size))
    return;
  const std::size_t length = std::min<std::size_t>(little<std::uint16_t>(image, place + 10), 496);
  std::uint32_t state = 0;
  for (const auto each : part(image, place + 16, length)) {
    state ^= std::to_integer<std::uint32_t>(each) << 8;
    for (int bit = 0; bit < 8; ++bit)
      state = ((state & 0x8000) != 0 ? (state << 1) ^ 0x1021 : state << 1) & 0xFFFF;
  }
  put_little(image, place + 10, length, 2);
  put_little(image, place + 8, state, 2);
  put_little(image, place + 4, 0, 1);
  std::uint32_t sum = 0;
  for (const auto each : part(image, place, 16))
    sum += std::to_integer<std::uint32_t>(each);
  put_little(image, place + 4, sum & 0xFF, 1);
}

void seal_disc(outline& image) {
  if (!stands(image, 16 * 2048 + 1, "CD001"))
    return;
  if (stands(image, 17 * 2048 + 7, "EL TORITO")) {
    const std::uint64_t catalog = std::uint64_t{little<std::uint32_t>(image, 17 * 2048 + 71)} * 2048;
    put_little(image, catalog + 28, 0, 2);
    std::uint32_t sum = 0;
    for (std::uint64_t word = 0; word < 32; word += 2)
      sum += little<std::uint16_t>(image, catalog + word);
    put_little(image, catalog + 28, 0x10000 - (sum & 0xFFFF), 2);
  }
  constexpr std::uint64_t anchor = 256 * 2048;
  if (!formats::lies_within(anchor, 2048, image.size))
    return;
  seal_universal(image, anchor);
  const std::uint64_t sequence = little<std::uint32_t>(image, anchor + 20);
  for (std::uint64_t sector = sequence; sector < sequence + 8; ++sector)
    seal_universal(image, sector * 2048);
}

void seal_tar(outline& image) {
  for (std::uint64_t at = 0; stands(image, at + 257, "ustar") && at < 64 << 10;) {
    put(image, at + 148, std::as_bytes(std::span{"        ", 8}));
    unsigned sum = 0;
    for (const auto each : part(image, at, 512))
      sum += std::to_integer<unsigned>(each);
    std::array<char, 8> digits{};
    std::snprintf(digits.data(), digits.size(), "%06o", sum & 0777777U);
    put(image, at + 148, std::as_bytes(std::span{digits}.first(7)));
    std::uint64_t size = 0;
    for (const auto digit : part(image, at + 124, 11))
      size = size * 8 + (std::to_integer<unsigned>(digit) & 7U);
    at += 512 + (size + 511) / 512 * 512;
  }
}

void seal_filesystem(outline& image, std::uint64_t begin) {
  if (stands(image, begin + 1024 + 0x38, "\x53\xEF"))
    put_little(image, begin + 1024 + 0x3FC,
               formats::update_crc<crc_polynomial::castagnoli>(0xFFFFFFFF, part(image, begin + 1024, 0x3FC)), 4);
  if (stands(image, begin, "XFSB")) {
    const auto sector = std::clamp<std::size_t>(big<std::uint16_t>(image, begin + 102), 512, 32768);
    put_little(image, begin + 224,
               formats::crc_without_field<crc_polynomial::castagnoli>(part(image, begin, sector), 224), 4);
  }
  for (const std::uint64_t superblock : {begin + (64 << 10), begin + (64 << 20)})
    if (stands(image, superblock + 64, "_BHRfS_M"))
      put_little(image, superblock, formats::crc<crc_polynomial::castagnoli>(part(image, superblock + 32, 4064)), 4);
  for (const std::uint64_t copy : {0U, 12U}) {
    const auto sector = std::uint64_t{512} << ((formats::read_byte(part(image, begin + 108, 1), 0) - 9U) & 3U);
    const auto region = begin + copy * sector;
    if (!stands(image, region + 3, "EXFAT   "))
      continue;
    std::uint32_t sum = 0;
    std::size_t i = 0;
    for (const auto each : part(image, region, 11 * sector)) {
      if (i != 106 && i != 107 && i != 112)
        sum = ((sum & 1) != 0 ? 0x80000000U : 0U) + (sum >> 1) + std::to_integer<std::uint32_t>(each);
      ++i;
    }
    put_little(image, region + 11 * sector, sum, 4);
  }
}

}  // namespace

void seal(outline& image) {
  const auto last = image.size / 512 * 512;
  seal_gpt(image, 512);
  if (last >= 512)
    seal_gpt(image, last - 512);
  for (const auto footer : {std::uint64_t{0}, image.size - std::min<std::uint64_t>(image.size, 512)}) {
    seal_vhd(image, footer, "conectix", 512, 64);
    seal_vhd(image, big<std::uint64_t>(image, footer + 16), "cxsparse", 1024, 36);
  }
  if (stands(image, 0, "vhdxfile"))
    for (const std::uint64_t copy : {0U, 1U}) {
      seal_vhdx(image, (64 + 64 * copy) << 10, "head", 4096);
      seal_vhdx(image, (192 + 64 * copy) << 10, "regi", 64 << 10);
    }
  if (stands(image, 0, "LUKS\xba\xbe")) {
    seal_luks2(image, 0);
    seal_luks2(image, big<std::uint64_t>(image, 8));
  }
  seal_disc(image);
  seal_tar(image);
  seal_filesystem(image, 0);
  if (stands(image, 510, "\x55\xAA"))
    seal_filesystem(image, std::uint64_t{little<std::uint32_t>(image, 454)} * 512);
}

}  // namespace sluice::tests::fuzz
