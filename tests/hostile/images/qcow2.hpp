// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/hostile/images/writer.hpp"

namespace sluice::tests::hostile {

/// An empty qcow2 of version 3: header, refcount table, refcount block, L1 table, a cluster each (QEMU
/// docs/interop/qcow2.txt).
inline image_bytes qcow2_image(std::uint64_t virtual_size = 10 << 20) {
  constexpr std::size_t cluster = 65536;
  image_bytes image(4 * cluster);
  put_text(image, 0, "QFI\xfb");
  put_big(image, 4, 4, 3);
  put_big(image, 20, 4, 16);
  put_big(image, 24, 8, virtual_size);
  put_big(image, 36, 4, (virtual_size + (std::uint64_t{512} << 20) - 1) / (std::uint64_t{512} << 20));
  put_big(image, 40, 8, 3 * cluster);
  put_big(image, 48, 8, cluster);
  put_big(image, 56, 4, 1);
  put_big(image, 96, 4, 4);
  put_big(image, 100, 4, 104);
  put_big(image, cluster, 8, 2 * cluster);
  for (std::size_t i = 0; i < 4; ++i)
    put_big(image, 2 * cluster + 2 * i, 2, 1);
  return image;
}

/// A header extension right behind the header of `qcow2_image`.
inline void put_qcow2_extension(image_bytes& image, std::uint32_t type, std::string_view content) {
  put_big(image, 104, 4, type);
  put_big(image, 108, 4, content.size());
  put_text(image, 112, content);
}

}  // namespace sluice::tests::hostile
