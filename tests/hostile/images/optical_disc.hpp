// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "tests/hostile/images/writer.hpp"

namespace sluice::tests::hostile {

/// Where the parts of `optical_disc()` are, in sectors of 2 KiB.
namespace optical_places {
inline constexpr std::size_t primary = 16, boot = 17, joliet = 18, terminator = 19, little_table = 20, big_table = 21,
                             root = 22, folder = 23, file = 24, catalog = 25, loader = 26, continuation = 27,
                             joliet_little = 28, joliet_big = 29, joliet_root = 30, end = 300;
}

inline void put_both(image_bytes& image, std::size_t at, std::size_t width, std::uint64_t value) {
  put_little(image, at, width, value);
  put_big(image, at + width, width, value);
}

/// A directory record (ECMA-119 section 9.1) with a System Use Area; returns the place after it.
inline std::size_t put_record(image_bytes& image, std::size_t at, std::size_t extent, std::size_t size, bool directory,
                              std::string_view name, std::string_view system_use = {}) {
  const std::size_t pad = name.size() % 2 == 0 ? 1 : 0;
  const std::size_t length = 33 + name.size() + pad + system_use.size();
  put_byte(image, at, length + length % 2);
  put_both(image, at + 2, 4, extent);
  put_both(image, at + 10, 4, size);
  put_byte(image, at + 25, directory ? 2 : 0);
  put_both(image, at + 28, 2, 1);
  put_byte(image, at + 32, name.size());
  put_text(image, at + 33, name);
  put_text(image, at + 33 + name.size() + pad, system_use);
  return at + length + length % 2;
}

/// A volume descriptor with a root directory and path tables of `table_size` bytes (section 8.4).
inline void put_volume(image_bytes& image, std::size_t sector, std::uint8_t type, std::size_t root,
                       std::size_t table_size, std::size_t little, std::size_t big) {
  const auto at = sector * 2048;
  put_byte(image, at, type);
  put_text(image, at + 1, "CD001");
  put_byte(image, at + 6, 1);
  put_both(image, at + 80, 4, optical_places::end);
  put_both(image, at + 120, 2, 1);
  put_both(image, at + 124, 2, 1);
  put_both(image, at + 128, 2, 2048);
  put_both(image, at + 132, 4, table_size);
  put_little(image, at + 140, 4, little);
  put_big(image, at + 148, 4, big);
  put_record(image, at + 156, root, 2048, true, std::string_view{"\0", 1});
}

/// Records of both path tables: the root, and a folder when `folder` is not 0 (section 9.4).
inline void put_path_tables(image_bytes& image, std::size_t little, std::size_t big, std::size_t root,
                            std::size_t folder) {
  for (const bool first : {true, false}) {
    const auto at = (first ? little : big) * 2048;
    const auto put = first ? put_little : put_big;
    put_byte(image, at, 1);
    put(image, at + 2, 4, root);
    put(image, at + 6, 2, 1);
    if (folder == 0)
      continue;
    put_byte(image, at + 10, 1);
    put(image, at + 12, 4, folder);
    put(image, at + 16, 2, 1);
    put_text(image, at + 18, "D");
  }
}

inline void seal_boot_catalog(image_bytes& image) {
  const auto at = optical_places::catalog * 2048;
  put_little(image, at + 28, 2, 0);
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < 32; i += 2)
    sum += std::to_integer<std::uint32_t>(image[at + i]) | std::to_integer<std::uint32_t>(image[at + i + 1]) << 8;
  put_little(image, at + 28, 2, 0x10000 - (sum & 0xFFFF));
}

/// A disc with a folder, a file, Rock Ridge with a continuation, Joliet and a boot catalog with two platforms.
inline image_bytes optical_disc() {
  using namespace optical_places;
  image_bytes image(end * 2048);
  put_volume(image, primary, 1, root, 20, little_table, big_table);
  put_text(image, boot * 2048 + 1, "CD001");
  put_byte(image, boot * 2048 + 6, 1);
  put_text(image, boot * 2048 + 7, "EL TORITO SPECIFICATION");
  put_little(image, boot * 2048 + 71, 4, catalog);
  put_volume(image, joliet, 2, joliet_root, 10, joliet_little, joliet_big);
  put_text(image, joliet * 2048 + 88, "%/E");
  put_byte(image, terminator * 2048, 255);
  put_text(image, terminator * 2048 + 1, "CD001");
  put_path_tables(image, little_table, big_table, root, folder);
  put_path_tables(image, joliet_little, joliet_big, joliet_root, 0);

  const std::string self("\0", 1);
  const std::string parent("\1", 1);
  const std::string sharing("SP\x07\x01\xbe\xef\0", 7);
  std::string continues("CE\x1c\x01", 4);
  image_bytes numbers;
  put_both(numbers, 0, 4, continuation);
  put_both(numbers, 8, 4, 0);
  put_both(numbers, 16, 4, 5);
  for (const auto byte : numbers)
    continues += static_cast<char>(byte);
  put_text(image, continuation * 2048, std::string_view{"PX\5\1\0", 5});

  auto at = put_record(image, root * 2048, root, 2048, true, self, sharing);
  at = put_record(image, at, root, 2048, true, parent);
  at = put_record(image, at, folder, 2048, true, "D");
  put_record(image, at, file, 100, false, "FILE.;1", continues);
  at = put_record(image, folder * 2048, folder, 2048, true, self);
  at = put_record(image, at, root, 2048, true, parent);
  put_record(image, at, 0, 0, false, "EMPTY.;1");
  at = put_record(image, joliet_root * 2048, joliet_root, 2048, true, self);
  put_record(image, at, joliet_root, 2048, true, parent);

  put_byte(image, catalog * 2048, 1);
  put_byte(image, catalog * 2048 + 30, 0x55);
  put_byte(image, catalog * 2048 + 31, 0xAA);
  for (const std::size_t entry : {32U, 96U}) {
    put_byte(image, catalog * 2048 + entry, 0x88);
    put_little(image, catalog * 2048 + entry + 6, 2, 4);
    put_little(image, catalog * 2048 + entry + 8, 4, loader);
  }
  put_byte(image, catalog * 2048 + 64, 0x91);
  put_byte(image, catalog * 2048 + 65, 0xEF);
  put_little(image, catalog * 2048 + 66, 2, 1);
  seal_boot_catalog(image);
  return image;
}

/// The checksums of a UDF descriptor of 512 bytes at `sector` (ECMA-167 part 3, section 7.2).
inline void seal_universal(image_bytes& image, std::size_t sector) {
  const auto at = sector * 2048;
  put_little(image, at + 10, 2, 496);
  std::uint32_t state = 0;
  for (std::size_t i = 16; i < 512; ++i) {
    state ^= std::to_integer<std::uint32_t>(image[at + i]) << 8;
    for (int bit = 0; bit < 8; ++bit)
      state = ((state & 0x8000) != 0 ? (state << 1) ^ 0x1021 : state << 1) & 0xFFFF;
  }
  put_little(image, at + 8, 2, state);
  put_little(image, at + 12, 4, sector);
  put_byte(image, at + 4, 0);
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < 16; ++i)
    sum += std::to_integer<std::uint32_t>(image[at + i]);
  put_byte(image, at + 4, sum);
}

/// The same disc as a bridge: UDF's recognition sequence, an anchor, a partition descriptor and the terminating one.
inline image_bytes bridge_disc() {
  auto image = optical_disc();
  const std::size_t at = 20 * 2048;
  // The path tables move out of the way of the recognition sequence, which follows the terminator.
  put_path_tables(image, 31, 32, optical_places::root, optical_places::folder);
  put_little(image, optical_places::primary * 2048 + 140, 4, 31);
  put_big(image, optical_places::primary * 2048 + 148, 4, 32);
  for (std::size_t i = 0; i < 4096; ++i)
    put_byte(image, at + i, 0);
  put_text(image, at + 1, "BEA01");
  put_text(image, at + 2048 + 1, "NSR02");
  put_little(image, 256 * 2048, 2, 2);
  put_little(image, 256 * 2048 + 16, 4, 16 * 2048);
  put_little(image, 256 * 2048 + 20, 4, 258);
  put_little(image, 258 * 2048, 2, 5);
  put_little(image, 258 * 2048 + 188, 4, 260);
  put_little(image, 258 * 2048 + 192, 4, 40);
  put_little(image, 259 * 2048, 2, 8);
  for (const std::size_t sector : {256U, 258U, 259U})
    seal_universal(image, sector);
  return image;
}

}  // namespace sluice::tests::hostile
