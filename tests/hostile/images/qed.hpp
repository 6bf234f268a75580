// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/hostile/images/writer.hpp"

namespace sluice::tests::hostile {

/// An empty QED image of 10 MiB (QEMU docs/interop/qed_spec.txt).
inline image_bytes qed_image() {
  constexpr std::size_t cluster = 65536;
  image_bytes image(5 * cluster);
  put_text(image, 0, "QED");
  put_little(image, 4, 4, cluster);
  put_little(image, 8, 4, 4);
  put_little(image, 12, 4, 1);
  put_little(image, 40, 8, cluster);
  put_little(image, 48, 8, 10 << 20);
  return image;
}

}  // namespace sluice::tests::hostile
