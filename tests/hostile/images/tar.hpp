// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "tests/hostile/images/writer.hpp"

namespace sluice::tests::hostile {

struct tar_entry {
  std::string name;
  std::string content;
  char type = '0';
};

/// The checksum of the header at `at`: the sum of its bytes, the checksum's own taken as blanks.
inline void seal_tar(image_bytes& archive, std::size_t at) {
  put_text(archive, at + 148, "        ");
  unsigned sum = 0;
  for (std::size_t i = 0; i < 512; ++i)
    sum += std::to_integer<unsigned>(archive[at + i]);
  char digits[8];
  std::snprintf(digits, sizeof digits, "%06o", sum & 0777777);
  put_text(archive, at + 148, digits);
  put_byte(archive, at + 154, 0);
}

/// POSIX.1-2017 pax, section "ustar Interchange Format".
inline image_bytes tar_archive(const std::vector<tar_entry>& entries) {
  image_bytes archive;
  for (const auto& [name, content, type] : entries) {
    const auto at = archive.size();
    archive.resize(at + 512 + (content.size() + 511) / 512 * 512);
    put_text(archive, at, name);
    put_text(archive, at + 100, "0000644");
    char size[13];
    std::snprintf(size, sizeof size, "%011zo", content.size());
    put_text(archive, at + 124, size);
    put_byte(archive, at + 156, static_cast<unsigned char>(type));
    put_text(archive, at + 257, "ustar");
    put_text(archive, at + 263, "00");
    put_text(archive, at + 512, content);
    seal_tar(archive, at);
  }
  archive.resize(archive.size() + 1024);
  return archive;
}

}  // namespace sluice::tests::hostile
