// SPDX-License-Identifier: Apache-2.0
// Filesystems as far as their readers look: superblock, copy, the first tables.
#include <algorithm>

#include "tests/fuzz/outline.hpp"
#include "tests/fuzz/seals.hpp"
#include "tests/fuzz/seeds.hpp"
#include "tests/hostile/images/raw_disk.hpp"

namespace sluice::tests::fuzz {
namespace {

using hostile::put_big;
using hostile::put_byte;
using hostile::put_little;
using hostile::put_text;

bytes ext4_volume() {
  bytes image(1 << 20);
  const std::size_t superblock = 1024;
  put_little(image, superblock + 0x04, 4, image.size() / 4096);
  put_little(image, superblock + 0x0C, 4, 100);
  put_little(image, superblock + 0x18, 4, 2);
  put_little(image, superblock + 0x20, 4, 32768);
  put_little(image, superblock + 0x28, 4, 1024);
  put_little(image, superblock + 0x38, 2, 0xEF53);
  put_little(image, superblock + 0x4C, 4, 1);
  put_little(image, superblock + 0x60, 4, 0xC0);
  put_little(image, superblock + 0x64, 4, 0x400);
  put_little(image, superblock + 0xFE, 2, 64);
  for (const std::size_t table : {0U, 4U, 8U})
    put_little(image, 4096 + table, 4, 2 + table);
  return image;
}

bytes xfs_volume() {
  bytes image(64 * 4096);
  for (const std::size_t place : {0U, 32U * 4096}) {
    put_text(image, place, "XFSB");
    put_big(image, place + 4, 4, 4096);
    put_big(image, place + 8, 8, 64);
    put_text(image, place + 32, "0123456789abcdef");
    put_big(image, place + 84, 4, 32);
    put_big(image, place + 88, 4, 2);
    put_big(image, place + 100, 2, 0xB4A5);
    put_big(image, place + 102, 2, 512);
    put_byte(image, place + 120, 12);
  }
  return image;
}

/// One large enough for a copy of the superblock at 64 MiB has it.
outline btrfs_volume(std::uint64_t size) {
  outline image{size, {}};
  bytes superblock(4096);
  put_text(superblock, 32, "0123456789abcdef");
  put_little(superblock, 48, 8, 64 << 10);
  put_text(superblock, 64, "_BHRfS_M");
  put_little(superblock, 136, 8, 1);
  put_little(superblock, 144, 4, 4096);
  put_little(superblock, 148, 4, 16384);
  put_little(superblock, 201 + 8, 8, size);
  for (const std::uint64_t place : {64U << 10, 64U << 20})
    for (auto piece : outline_of(superblock).pieces)
      if (place + 4096 <= size)
        image.pieces.push_back({place + piece.place, std::move(piece.content)});
  return image;
}

bytes exfat_volume() {
  bytes image(1 << 20);
  for (const std::size_t place : {0U, 12U * 512}) {
    put_text(image, place, "\xEB\x76\x90");
    put_text(image, place + 3, "EXFAT   ");
    put_little(image, place + 72, 8, image.size() / 512);
    put_little(image, place + 80, 4, 24);
    put_little(image, place + 84, 4, 16);
    put_little(image, place + 88, 4, 40);
    put_little(image, place + 92, 4, 2000);
    put_byte(image, place + 108, 9);
    put_byte(image, place + 110, 1);
    put_text(image, place + 510, "\x55\xAA");
  }
  return image;
}

bytes ntfs_volume() {
  bytes image((1 << 20) + 512);
  for (const std::size_t place : {0U, 1U << 20}) {
    put_text(image, place + 3, "NTFS    ");
    put_little(image, place + 11, 2, 512);
    put_byte(image, place + 13, 8);
    put_little(image, place + 40, 8, (1 << 20) / 512);
    put_little(image, place + 48, 8, 4);
    put_little(image, place + 56, 8, 8);
    put_text(image, place + 510, "\x55\xAA");
  }
  return image;
}

/// FAT16, or FAT32 with its sector of free counts.
bytes fat_volume(bool wide) {
  bytes image(1 << 20);
  put_text(image, 0, "\xEB\x3C\x90");
  put_little(image, 11, 2, 512);
  put_byte(image, 13, 1);
  put_little(image, 14, 2, 4);
  put_byte(image, 16, 2);
  put_little(image, 17, 2, wide ? 0 : 512);
  put_little(image, 19, 2, image.size() / 512);
  put_byte(image, 21, 0xF8);
  put_little(image, wide ? 36 : 22, 2, 8);
  put_text(image, 510, "\x55\xAA");
  for (const std::size_t table : {4U, 12U})
    put_text(image, table * 512, "\xF8\xFF\xFF\xFF");
  if (wide) {
    put_little(image, 48, 2, 1);
    put_text(image, 512, "RRaA");
    put_text(image, 512 + 484, "rrAa");
  }
  return image;
}

bytes squashfs_volume() {
  bytes image(8192);
  put_text(image, 0, "hsqs");
  put_little(image, 12, 4, 131072);
  put_little(image, 20, 2, 1);
  put_little(image, 22, 2, 17);
  put_little(image, 28, 2, 4);
  put_little(image, 40, 8, 8000);
  for (const std::size_t table : {48U, 64U, 72U, 80U, 88U})
    put_little(image, table, 8, 80 * table);
  put_little(image, 56, 8, ~std::uint64_t{0});
  return image;
}

bytes swap_space() {
  bytes image(64 << 10);
  put_little(image, 1024, 4, 1);
  put_little(image, 1028, 4, 15);
  put_text(image, 4086, "SWAPSPACE2");
  return image;
}

/// `volume` as the only partition of a disk.
bytes partitioned(const bytes& volume) {
  auto image = hostile::mbr_disk(volume.size() + 512);
  std::ranges::copy(volume, image.begin() + 512);
  return image;
}

}  // namespace

std::vector<bytes> filesystem_seeds() {
  std::vector<bytes> all;
  for (const auto& each : {ext4_volume(), xfs_volume(), exfat_volume(), ntfs_volume(), fat_volume(false),
                           fat_volume(true), squashfs_volume(), swap_space(), partitioned(ext4_volume())}) {
    auto image = outline_of(each);
    seal(image);
    all.push_back(written(image));
  }
  for (const auto size : {std::uint64_t{1} << 20, std::uint64_t{65} << 20}) {
    auto image = btrfs_volume(size);
    seal(image);
    all.push_back(written(image));
  }
  return all;
}

std::vector<bytes> kernel_seeds() {
  bytes kernel(16 << 10);
  put_little(kernel, 0x1FE, 2, 0xAA55);
  put_text(kernel, 0x202, "HdrS");
  put_byte(kernel, 0x1F1, 4);
  bytes archive(1024);
  put_text(archive, 0, "070701");
  return {written(outline_of(kernel)), written(outline_of(archive))};
}

}  // namespace sluice::tests::fuzz
