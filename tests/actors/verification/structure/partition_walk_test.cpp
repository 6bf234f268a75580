// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/verification/structure/mutants.hpp"
#include "tests/actors/verification/structure/walking.hpp"
#include "tests/hostile/images/extended_partitions.hpp"
#include "tests/hostile/images/raw_disk.hpp"

using namespace sluice::tests;
using namespace sluice::tests::hostile;
using sluice::schemas::error_code;

namespace {

constexpr std::size_t disk_size = 1 << 20;
constexpr std::size_t sectors = disk_size / 512;

/// Both copies of the table after `change` of each, with all checksums right again.
template <class Change>
image_bytes gpt_changed(Change change) {
  auto image = gpt_disk(disk_size);
  for (const std::size_t table : {std::size_t{2}, sectors - 33})
    change(image, table * 512);
  put_gpt_header(image, 1, sectors - 1, 2);
  put_gpt_header(image, sectors - 1, 1, sectors - 33);
  return image;
}

image_bytes header_changed(std::size_t lba, std::size_t offset, std::size_t width, std::uint64_t value) {
  auto image = gpt_disk(disk_size);
  put_little(image, lba * 512 + offset, width, value);
  seal_gpt_header(image, lba * 512);
  return image;
}

image_bytes chain_changed(std::size_t sector, std::size_t entry, std::uint8_t type, std::uint64_t start,
                          std::uint64_t length) {
  auto image = extended_disk();
  put_partition(image, sector, entry, type, start, length);
  return image;
}

/// A disk with sectors of 4096 bytes, one partition (UEFI 2.10 section 5.3).
image_bytes wide_gpt_disk() {
  image_bytes image(1 << 20);
  constexpr std::size_t wide = 4096;
  put_mbr(image, image.size() / wide, 0xEE);
  put_byte(image, 446, 0);
  for (const std::size_t table : {std::size_t{2}, std::size_t{251}}) {
    put_byte(image, table * wide, 0xAF);
    put_little(image, table * wide + 32, 8, 10);
    put_little(image, table * wide + 40, 8, 100);
  }
  for (const bool primary : {true, false}) {
    const std::size_t at = (primary ? 1 : 255) * wide;
    put_text(image, at, "EFI PART");
    put_little(image, at + 8, 4, 0x00010000);
    put_little(image, at + 12, 4, 92);
    put_little(image, at + 24, 8, primary ? 1 : 255);
    put_little(image, at + 32, 8, primary ? 255 : 1);
    put_little(image, at + 40, 8, 6);
    put_little(image, at + 48, 8, 250);
    const std::size_t entries = primary ? 2 : 251;
    put_little(image, at + 72, 8, entries);
    put_little(image, at + 80, 4, 128);
    put_little(image, at + 84, 4, 128);
    put_little(image, at + 88, 4, slow_crc(image, entries * wide, 128 * 128, crc32_polynomial));
    seal_gpt_header(image, at);
  }
  return image;
}

}  // namespace

TEST_CASE("disks with an MBR, an extended partition or a GPT of small and large sectors are walked") {
  check_sound(mbr_disk(), "raw", disk_size);
  check_sound(extended_disk(), "raw", disk_size);
  check_sound(gpt_disk(), "raw", disk_size);
  check_sound(wide_gpt_disk(), "raw", disk_size);
  check_sound(gpt_disk(), "ami", disk_size);
}

TEST_CASE("a GPT whose copies do not agree is refused") {
  auto image = gpt_disk();
  put_byte(image, (sectors - 33) * 512 + 1, 1);
  check_unsound(image, "raw", error_code::image_corrupt);
  check_unsound(header_changed(sectors - 1, 40, 8, 35), "raw", error_code::image_corrupt);
  check_unsound(header_changed(sectors - 1, 56, 8, 1), "raw", error_code::image_corrupt);
  check_unsound(header_changed(sectors - 1, 32, 8, 2), "raw", error_code::image_corrupt);
  check_unsound(header_changed(sectors - 1, 24, 8, 5), "raw", error_code::image_corrupt);
  check_unsound(header_changed(1, 56, 8, 1), "raw", error_code::image_corrupt);
}

TEST_CASE("a GPT with a wrong checksum, place or size is refused") {
  auto image = gpt_disk();
  put_byte(image, 512 + 56, 1);
  check_unsound(image, "raw", error_code::image_corrupt);
  image = gpt_disk();
  put_byte(image, 1024 + 60, 1);
  check_unsound(image, "raw", error_code::image_corrupt);
  check_unsound(header_changed(1, 24, 8, 2), "raw", error_code::image_corrupt);
  check_unsound(header_changed(1, 80, 4, 0xFFFFFFFF), "raw", error_code::image_corrupt);
  check_unsound(header_changed(1, 84, 4, 100), "raw", error_code::image_corrupt);
  check_unsound(header_changed(1, 48, 8, sectors - 20), "raw", error_code::image_corrupt);
  check_unsound(header_changed(1, 40, 8, 3), "raw", error_code::image_corrupt);
  check_unsound(header_changed(1, 32, 8, sectors), "raw", error_code::image_truncated);
  check_unsound(header_changed(1, 72, 8, 1 << 30), "raw", error_code::image_truncated);
  image = gpt_disk();
  put_little(image, 454, 4, 7);
  check_unsound(image, "raw", error_code::image_corrupt);
}

TEST_CASE("GPT partitions outside the usable space or over each other are refused") {
  check_unsound(gpt_changed([](auto& image, std::size_t table) { put_little(image, table + 40, 8, sectors); }), "raw",
                error_code::image_corrupt);
  check_unsound(gpt_changed([](auto& image, std::size_t table) { put_little(image, table + 32, 8, 20); }), "raw",
                error_code::image_corrupt);
  check_unsound(gpt_changed([](auto& image, std::size_t table) { put_little(image, table + 40, 8, 39); }), "raw",
                error_code::image_corrupt);
  check_unsound(gpt_changed([](auto& image, std::size_t table) {
                  put_byte(image, table + 128, 0xAF);
                  put_little(image, table + 128 + 32, 8, 100);
                  put_little(image, table + 128 + 40, 8, 200);
                }),
                "raw", error_code::overlapping_structures);
}

TEST_CASE("partitions past the end of the file or over each other are refused") {
  auto image = mbr_disk();
  image.resize(disk_size - 512);
  check_unsound(image, "raw", error_code::image_truncated);
  check_unsound(chain_changed(0, 1, 0x05, 256, 2000), "raw", error_code::image_truncated);
}

TEST_CASE("a chain of logical partitions that turns in a circle, leaves its bounds or breaks off is refused") {
  auto circle = chain_changed(512, 1, 0x05, 256, 200);
  check_unsound(circle, "raw", error_code::image_corrupt);
  check_unsound(chain_changed(512, 0, 0x83, 8, 2000), "raw", error_code::image_corrupt);
  check_unsound(chain_changed(512, 0, 0x83, 0, 100), "raw", error_code::image_corrupt);
  check_unsound(chain_changed(256, 1, 0x05, 1024, 200), "raw", error_code::image_corrupt);
  check_unsound(chain_changed(256, 1, 0x05, 300, 200), "raw", error_code::image_corrupt);
  check_unsound(chain_changed(256, 0, 0x0F, 256, 100), "raw", error_code::image_corrupt);
  check_unsound(chain_changed(256, 0, 0x83, 8, 300), "raw", error_code::overlapping_structures);
}

TEST_CASE("an extended partition without logical ones is accepted") {
  auto image = extended_disk();
  for (std::size_t i = 0; i < 512; ++i)
    put_byte(image, 256 * 512 + i, 0);
  check_sound(image, "raw", disk_size);
}

TEST_CASE("a raw disk of which nothing is known is accepted with a remark") {
  CHECK(check_sound(image_bytes(5000), "raw", 5120).remarks.size() == 1);
  CHECK(check_sound(image_bytes(5), "raw", 512).remarks.size() == 1);
}

TEST_CASE("a disk larger than the operator takes, or of no bytes, is refused") {
  walk_policy small;
  small.max_virtual_size = disk_size - 512;
  check_unsound(gpt_disk(), "raw", error_code::virtual_size_too_large, "", small);
  check_unsound(image_bytes{}, "raw", error_code::virtual_size_invalid);
}

TEST_CASE("more than one partition to boot from is a remark") {
  auto image = extended_disk();
  put_byte(image, 446, 0x80);
  put_byte(image, 446 + 16, 0x80);
  CHECK(check_sound(image, "raw", disk_size).remarks.size() == 2);
}

TEST_CASE("a kernel shorter than its header says is refused, other parts of Amazon images have a remark") {
  image_bytes kernel(100 * 512);
  put_byte(kernel, 0x1FE, 0x55);
  put_byte(kernel, 0x1FF, 0xAA);
  put_text(kernel, 0x202, "HdrS");
  put_byte(kernel, 0x1F1, 3);
  put_little(kernel, 0x1F4, 4, 96 * 512 / 16);
  check_sound(kernel, "aki", 100 * 512);
  kernel.resize(90 * 512);
  check_unsound(kernel, "aki", error_code::image_truncated);
  image_bytes ramdisk(512);
  put_text(ramdisk, 0, "070701");
  CHECK(check_sound(ramdisk, "ari", 512).remarks.size() == 1);
}

TEST_CASE("no mutation of a partition table makes the walk fall or hang") {
  walk_mutants(extended_disk(), "raw", 512, 400);
  walk_mutants(extended_disk(), "raw", 513 * 512, 400);
  walk_mutants(gpt_disk(256 << 10), "raw", 2048, 400);
}
