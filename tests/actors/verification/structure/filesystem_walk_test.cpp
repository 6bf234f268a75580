// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/verification/structure/mutants.hpp"
#include "tests/actors/verification/structure/walking.hpp"
#include "tests/actors/verification/workshop.hpp"

using namespace sluice::tests;
using namespace sluice::tests::hostile;
using sluice::schemas::error_code;

namespace {

/// A sound filesystem by its own tool; empty where that is not installed.
hostile::image_bytes made_by(const std::string& tool, const std::string& command) {
  if (!workshop::has(tool))
    return {};
  const workshop here;
  REQUIRE(here.run(command));
  auto image = here.image("image");
  check_sound(image, "raw", image.size());
  return image;
}

void check_broken(const hostile::image_bytes& image, std::size_t offset, error_code code = error_code::image_corrupt) {
  INFO("at " << offset);
  auto broken = image;
  broken[offset] ^= std::byte{0xFF};
  check_unsound(broken, "raw", code);
}

std::uint64_t little(const hostile::image_bytes& image, std::size_t offset, std::size_t width) {
  std::uint64_t value = 0;
  for (std::size_t i = width; i > 0; --i)
    value = value << 8 | std::to_integer<std::uint64_t>(image[offset + i - 1]);
  return value;
}

}  // namespace

TEST_CASE("a FAT filesystem with a damaged table, or without the signatures of its free counts, is refused") {
  const auto image = made_by("mkfs.vfat", "truncate -s 40M image && mkfs.vfat -F 32 image");
  REQUIRE_FALSE(image.empty());
  const auto first_table = little(image, 14, 2) * 512;
  const auto table = little(image, 36, 4) * 512;
  check_broken(image, first_table);
  check_broken(image, first_table + table);
  check_broken(image, 512);
  check_broken(image, 512 + 484);
  // With one copy in use, the other may hold anything.
  auto single = image;
  single[40] = std::byte{0x80};
  single[first_table + table] = std::byte{0};
  check_sound(single, "raw", image.size());
  check_unsound(std::span{image}.first(image.size() - 512), "raw", error_code::image_truncated);
}

TEST_CASE("an ext4 filesystem with a wrong checksum or tables outside it is refused") {
  const auto summed = made_by("mkfs.ext4", "truncate -s 8M image && mkfs.ext4 -q -F image");
  REQUIRE_FALSE(summed.empty());
  check_broken(summed, 1024 + 0x70);
  const auto plain =
      made_by("mkfs.ext4", "truncate -s 64M image && mkfs.ext4 -q -F -b 4096 -O ^metadata_csum,^64bit image");
  check_broken(plain, 4096 + 3);
  check_broken(plain, 4096 + 11);
  check_unsound(std::span{plain}.first(plain.size() / 2), "raw", error_code::image_truncated);
}

TEST_CASE("an XFS filesystem with a wrong checksum, or without its last copy of the superblock, is refused") {
  const auto image = made_by("mkfs.xfs", "truncate -s 300M image && mkfs.xfs -q image");
  if (image.empty())
    return;
  check_broken(image, 30);
  check_broken(image, image.size() / 4 * 3);
  check_broken(image, image.size() / 4 * 3 + 32);
}

TEST_CASE("a btrfs filesystem with a wrong checksum in either superblock is refused") {
  const auto image = made_by("mkfs.btrfs", "truncate -s 110M image && mkfs.btrfs -q image");
  if (image.empty())
    return;
  check_broken(image, (64 << 10) + 300);
  check_broken(image, (64 << 20) + 300);
  check_broken(image, (64 << 20) + 64);
}

TEST_CASE("an exFAT filesystem with a wrong checksum in either boot region is refused") {
  const auto image = made_by("mkfs.exfat", "truncate -s 8M image && mkfs.exfat image");
  if (image.empty())
    return;
  check_broken(image, 600);
  check_broken(image, (12 + 11) * 512);
  check_broken(image, 12 * 512 + 3);
}

TEST_CASE("an NTFS filesystem without the backup of its boot sector is refused") {
  const auto image = made_by("mkfs.ntfs", "truncate -s 8M image && mkfs.ntfs -Q -F image");
  if (image.empty())
    return;
  const auto backup = little(image, 40, 8) * 512;
  check_broken(image, backup + 3);
  check_broken(image, backup + 40);
  check_unsound(std::span{image}.first(backup), "raw", error_code::image_truncated);
  auto outside = image;
  put_little(outside, 48, 8, little(image, 40, 8) - 1);
  put_little(outside, backup + 48, 8, little(image, 40, 8) - 1);
  check_unsound(outside, "raw", error_code::image_corrupt);
}

TEST_CASE("a SquashFS filesystem with a table outside it is refused") {
  const auto image = made_by("mksquashfs",
                             "mkdir content && head -c 9000 /dev/urandom >content/a && "
                             "mksquashfs content image -no-progress");
  if (image.empty())
    return;
  auto outside = image;
  put_little(outside, 80, 8, image.size() * 2);
  check_unsound(outside, "raw", error_code::image_corrupt);
  check_unsound(std::span{image}.first(image.size() / 2), "raw", error_code::image_truncated);
}

TEST_CASE("no mutation of a filesystem makes the walk fall or hang") {
  for (const auto& [tool, command] :
       {std::pair{"mkfs.vfat", "truncate -s 1M image && mkfs.vfat -F 12 image"},
        std::pair{"mkfs.ext4", "truncate -s 1M image && mkfs.ext4 -q -F -O ^metadata_csum image"},
        std::pair{"mkfs.ntfs", "truncate -s 2M image && mkfs.ntfs -Q -F image"},
        std::pair{"mksquashfs",
                  "mkdir content && head -c 9000 /dev/urandom >content/a && "
                  "mksquashfs content image -no-progress"}}) {
    const auto image = made_by(tool, command);
    if (!image.empty())
      walk_mutants(image, "raw", 2560, 300);
  }
}
