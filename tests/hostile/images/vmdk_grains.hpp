// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "tests/hostile/images/vmdk.hpp"

namespace sluice::tests::hostile {

/// Where the parts of `vmdk_with_grains` are, in sectors.
struct vmdk_places {
  static constexpr std::size_t redundant_directory = 21;
  static constexpr std::size_t redundant_table = 22;
  static constexpr std::size_t directory = 26;
  static constexpr std::size_t table = 27;
  static constexpr std::size_t grains = 128;
  static constexpr std::size_t grain = 128;  ///< sectors of one
};

/// An entry of the grain table and its redundant copy.
inline void put_grain_entry(image_bytes& image, std::size_t index, std::uint64_t sector) {
  for (const auto table : {vmdk_places::redundant_table, vmdk_places::table})
    put_little(image, table * 512 + index * 4, 4, sector);
}

/// monolithicSparse, 10 MiB: both directories with a table each, and grains 0, 3 and 159 (the last) with data.
inline image_bytes vmdk_with_grains() {
  auto image = vmdk_image();
  put_little(image, vmdk_places::redundant_directory * 512, 4, vmdk_places::redundant_table);
  put_little(image, vmdk_places::directory * 512, 4, vmdk_places::table);
  std::size_t sector = vmdk_places::grains;
  for (const std::size_t index : {0U, 3U, 159U}) {
    put_grain_entry(image, index, sector);
    sector += vmdk_places::grain;
  }
  image.resize(sector * 512, std::byte{0x5A});
  return image;
}

/// The zlib format (RFC 1950) around stored blocks of deflate (RFC 1951): compressed by hand.
inline image_bytes stored_zlib(const image_bytes& data) {
  image_bytes packed;
  put_big(packed, 0, 2, 0x7801);
  std::uint32_t low = 1;
  std::uint32_t high = 0;
  std::size_t at = 0;
  do {
    const auto length = std::min<std::size_t>(data.size() - at, 0xFFFF);
    put_byte(packed, packed.size(), at + length == data.size() ? 1 : 0);
    put_little(packed, packed.size(), 2, length);
    put_little(packed, packed.size(), 2, ~length);
    for (std::size_t i = 0; i < length; ++i, ++at) {
      packed.push_back(data[at]);
      low = (low + std::to_integer<std::uint32_t>(data[at])) % 65521;
      high = (high + low) % 65521;
    }
  } while (at < data.size());
  put_big(packed, packed.size(), 4, (std::uint64_t{high} << 16) | low);
  return packed;
}

/// streamOptimized with its directory at the end, as VMware exports it; every part where its specification says.
struct vmdk_stream {
  image_bytes image = vmdk_image(vmdk_descriptor("streamOptimized"));
  image_bytes table = image_bytes(2048);
  std::size_t table_sector = 0;
  std::size_t directory_sector = 0;
  std::size_t footer_sector = 0;  ///< of the footer itself, behind its marker

  vmdk_stream() { put_header(0, ~std::uint64_t{0}); }

  [[nodiscard]] std::size_t here() const { return image.size() / 512; }

  void put_header(std::size_t at, std::uint64_t directory) {
    put_vmdk_header(image, at, directory);
    put_little(image, at + 8, 4, 0x30001);
    put_little(image, at + 48, 8, 0);
    put_little(image, at + 77, 2, 1);
  }
  void put_marker(std::uint64_t value, std::uint32_t kind) {
    const auto at = image.size();
    image.resize(at + 512);
    put_little(image, at, 8, value);
    put_little(image, at + 12, 4, kind);
  }
  /// Grain `index` of the disk with these compressed bytes; the table names it.
  void put_grain(std::size_t index, const image_bytes& packed, std::uint64_t position) {
    put_little(table, index * 4, 4, here());
    put_little(image, image.size(), 8, position);
    put_little(image, image.size(), 4, packed.size());
    image.insert(image.end(), packed.begin(), packed.end());
    image.resize((image.size() + 511) / 512 * 512);
  }
  void put_grain(std::size_t index, std::size_t length = 64 << 10) {
    put_grain(index, stored_zlib(image_bytes(length, std::byte{0x5A})), index * vmdk_places::grain);
  }
  void put_tables() {
    put_marker(4, 1);
    table_sector = here();
    image.insert(image.end(), table.begin(), table.end());
    put_marker(1, 2);
    directory_sector = here();
    put_little(image, image.size(), 4, table_sector);
    image.resize((image.size() + 511) / 512 * 512);
  }
  void put_footer() {
    put_marker(1, 3);
    footer_sector = here();
    image.resize(image.size() + 512);
    put_header(footer_sector * 512, directory_sector);
    put_marker(0, 0);
  }
};

/// Grains 0, 3 and 159.
inline vmdk_stream sound_vmdk_stream() {
  vmdk_stream stream;
  for (const std::size_t index : {0U, 3U, 159U})
    stream.put_grain(index);
  stream.put_tables();
  stream.put_footer();
  return stream;
}

}  // namespace sluice::tests::hostile
