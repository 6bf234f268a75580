// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/hostile/images/writer.hpp"

namespace sluice::tests::hostile {

/// The ones' complement of the sum of `length` bytes whose checksum field is zero.
inline void seal_vhd(image_bytes& image, std::size_t offset, std::size_t length, std::size_t field) {
  put_big(image, offset + field, 4, 0);
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < length; ++i)
    sum += std::to_integer<std::uint32_t>(image[offset + i]);
  put_big(image, offset + field, 4, static_cast<std::uint32_t>(~sum));
}

/// A footer as Hyper-V writes it (Microsoft, "Virtual Hard Disk Image Format Specification"): type 2 fixed, 3 dynamic,
/// 4 differencing.
inline void put_vhd_footer(image_bytes& image, std::size_t at, std::uint64_t size, std::uint32_t type) {
  if (image.size() < at + 512)
    image.resize(at + 512);
  put_text(image, at, "conectix");
  put_big(image, at + 8, 4, 2);
  put_big(image, at + 12, 4, 0x00010000);
  put_big(image, at + 16, 8, type == 2 ? ~std::uint64_t{0} : 512);
  put_text(image, at + 28, "win ");
  put_big(image, at + 40, 8, size);
  put_big(image, at + 48, 8, size);
  put_big(image, at + 56, 2, size / 512 / 68);
  put_byte(image, at + 58, 4);
  put_byte(image, at + 59, 17);
  put_big(image, at + 60, 4, type);
  seal_vhd(image, at, 512, 64);
}

/// An empty dynamic disk: footer, header, block table, footer.
inline image_bytes dynamic_vhd(std::uint64_t size = 10 << 20, std::uint32_t type = 3) {
  image_bytes image(2048);
  put_vhd_footer(image, 0, size, type);
  put_text(image, 512, "cxsparse");
  put_big(image, 520, 8, ~std::uint64_t{0});
  put_big(image, 528, 8, 1536);
  put_big(image, 536, 4, 0x00010000);
  put_big(image, 540, 4, (size + (2 << 20) - 1) / (2 << 20));
  put_big(image, 544, 4, 2 << 20);
  seal_vhd(image, 512, 1024, 36);
  for (std::size_t i = 1536; i < 2048; ++i)
    put_byte(image, i, 0xFF);
  put_vhd_footer(image, 2048, size, type);
  return image;
}

}  // namespace sluice::tests::hostile
