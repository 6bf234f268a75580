// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "tests/hostile/images/writer.hpp"

namespace sluice::tests::hostile {

inline std::string vmdk_descriptor(std::string_view type = "monolithicSparse",
                                   std::string_view extents = "RW 20480 SPARSE \"disk.vmdk\"\n",
                                   std::string_view more = "") {
  std::string text = "# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\ncreateType=\"";
  text.append(type).append("\"\n\n# Extent description\n").append(extents).append(more);
  return text + "\n# The Disk Data Base\n#DDB\n\nddb.adapterType = \"ide\"\n";
}

inline void put_vmdk_header(image_bytes& image, std::size_t at, std::uint64_t directory) {
  put_text(image, at, "KDMV");
  put_little(image, at + 4, 4, 3);
  put_little(image, at + 8, 4, 3);
  put_little(image, at + 12, 8, 20480);
  put_little(image, at + 20, 8, 128);
  put_little(image, at + 28, 8, 1);
  put_little(image, at + 36, 8, 20);
  put_little(image, at + 44, 4, 512);
  put_little(image, at + 48, 8, 21);
  put_little(image, at + 56, 8, directory);
  put_little(image, at + 64, 8, 128);
  put_text(image, at + 73, "\n \r\n");
}

/// A sparse disk of 10 MiB in one file (VMware, "Virtual Disk Format 5.0").
inline image_bytes vmdk_image(std::string_view descriptor = vmdk_descriptor()) {
  image_bytes image(128 * 512);
  put_vmdk_header(image, 0, 26);
  put_text(image, 512, descriptor);
  return image;
}

/// The same with its directory at the end: grain directory, footer marker, footer, end marker.
inline image_bytes stream_optimised_vmdk() {
  auto image = vmdk_image(vmdk_descriptor("streamOptimized"));
  put_vmdk_header(image, 0, ~std::uint64_t{0});
  const auto directory = image.size() / 512;
  image.resize(image.size() + 512);
  const auto footer = image.size();
  image.resize(footer + 3 * 512);
  put_little(image, footer, 8, 1);
  put_little(image, footer + 12, 4, 3);
  put_vmdk_header(image, footer + 512, directory);
  return image;
}

}  // namespace sluice::tests::hostile
