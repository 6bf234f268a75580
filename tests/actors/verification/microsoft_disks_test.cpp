// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/verification/refusal.hpp"
#include "tests/hostile/images/raw_disk.hpp"
#include "tests/hostile/images/vhd.hpp"
#include "tests/hostile/images/vhdx.hpp"

using namespace sluice::tests;
using namespace sluice::tests::hostile;
using sluice::schemas::error_code;

namespace {
hostile::image_bytes fixed_vhd(hostile::image_bytes disk = mbr_disk()) {
  put_vhd_footer(disk, disk.size(), disk.size(), 2);
  return disk;
}
hostile::image_bytes vhdx_with(std::size_t offset, std::size_t width, std::uint64_t value) {
  auto image = vhdx_image();
  put_little(image, offset, width, value);
  return image;
}
}  // namespace

TEST_CASE("a sound dynamic VHD is accepted with its virtual size") {
  check_accepted(dynamic_vhd(), "vhd", 10 << 20);
}

TEST_CASE("a raw disk with a VHD footer is a fixed VHD, declared or not") {
  check_accepted(fixed_vhd(), "vhd", 1 << 20);
  check_accepted(fixed_vhd(gpt_disk()), "vhd", 1 << 20);
  check_accepted(fixed_vhd(), "vhd", 1 << 20, declared("vhd"));
  check_accepted(fixed_vhd(), "vhd", 1 << 20, declared("vpc"));
}

TEST_CASE("an empty fixed VHD is accepted when it is declared") {
  check_accepted(fixed_vhd(hostile::image_bytes(1 << 20)), "vhd", 1 << 20, declared("vhd"));
  check_refused(fixed_vhd(hostile::image_bytes(1 << 20)), error_code::raw_unrecognised);
}

TEST_CASE("a fixed VHD is not what was declared as raw, and a raw disk not what was declared as VHD") {
  check_refused(fixed_vhd(), error_code::format_mismatch, declared("raw"));
  check_refused(fixed_vhd(), error_code::format_mismatch, declared("ami"));
  check_refused(mbr_disk(), error_code::format_mismatch, declared("vhd"));
}

TEST_CASE("a fixed VHD with a wrong checksum or length is refused") {
  auto image = fixed_vhd();
  put_byte(image, image.size() - 512 + 40, 1);
  check_refused(image, error_code::image_corrupt);
  auto shorter = mbr_disk();
  put_vhd_footer(shorter, shorter.size(), shorter.size() + 512, 2);
  check_refused(shorter, error_code::image_truncated);
  auto longer = mbr_disk();
  put_vhd_footer(longer, longer.size(), longer.size() - 512, 2);
  check_refused(longer, error_code::image_corrupt);
  auto dynamic = mbr_disk();
  put_vhd_footer(dynamic, dynamic.size(), dynamic.size(), 3);
  check_refused(dynamic, error_code::image_corrupt);
}

TEST_CASE("a differencing VHD is refused by its type and by its parent's name") {
  check_refused(dynamic_vhd(10 << 20, 4), error_code::differencing_disk);
  auto image = dynamic_vhd();
  put_byte(image, 512 + 40, 1);
  seal_vhd(image, 512, 1024, 36);
  check_refused(image, error_code::differencing_disk);
}

TEST_CASE("a dynamic VHD with a wrong checksum is refused") {
  auto image = dynamic_vhd();
  put_byte(image, 30, 0);
  check_refused(image, error_code::image_corrupt);
  image = dynamic_vhd();
  put_byte(image, 600, 1);
  check_refused(image, error_code::image_corrupt);
  image = dynamic_vhd();
  put_byte(image, 2048 + 100, 1);
  check_refused(image, error_code::image_corrupt);
}

TEST_CASE("a dynamic VHD whose table does not cover its virtual size is refused") {
  auto image = dynamic_vhd();
  put_big(image, 540, 4, 4);
  seal_vhd(image, 512, 1024, 36);
  check_refused(image, error_code::virtual_size_invalid);
}

TEST_CASE("a dynamic VHD that was cut off is refused") {
  auto image = dynamic_vhd();
  image.resize(2048);
  check_refused(image, error_code::image_truncated);
  image = dynamic_vhd();
  put_big(image, 528, 8, 1 << 20);
  seal_vhd(image, 512, 1024, 36);
  check_refused(image, error_code::image_truncated);
  image.resize(100);
  check_refused(image, error_code::image_truncated);
}

TEST_CASE("a sound VHDX is accepted with its virtual size") {
  check_accepted(vhdx_image(), "vhdx", 10 << 20);
}

TEST_CASE("a VHDX with one whole header and one whole region table is accepted") {
  auto image = vhdx_with(vhdx_places::header, 4, 0);
  put_little(image, vhdx_places::second_regions, 4, 0);
  check_accepted(image, "vhdx", 10 << 20);
}

TEST_CASE("a VHDX without a whole header or region table is refused") {
  auto image = vhdx_with(vhdx_places::header + 100, 1, 1);
  put_little(image, vhdx_places::second_header + 100, 1, 1);
  check_refused(image, error_code::image_corrupt);
  image = vhdx_with(vhdx_places::regions + 5000, 1, 1);
  put_little(image, vhdx_places::second_regions + 5000, 1, 1);
  check_refused(image, error_code::image_corrupt);
}

TEST_CASE("a VHDX with two different region tables is refused") {
  auto image = vhdx_with(vhdx_places::regions + 16 + 16, 8, 2 << 20);
  seal_vhdx_regions(image);
  check_refused(image, error_code::image_corrupt);
}

TEST_CASE("a VHDX with a log to replay is refused") {
  auto image = vhdx_with(vhdx_places::second_header + 48, 1, 1);
  seal_vhdx(image, vhdx_places::second_header, 4096);
  check_refused(image, error_code::image_corrupt);
}

TEST_CASE("a VHDX with a parent is refused by its flag and by its locator") {
  check_refused(vhdx_with(vhdx_places::items + 4, 4, 2), error_code::differencing_disk);
  auto image = vhdx_image();
  put_vhdx_item(image, 3, vhdx_parent_locator, 64, 64, 4);
  check_refused(image, error_code::differencing_disk);
}

TEST_CASE("a VHDX with an unknown required region or item is refused, an optional one is not") {
  for (const std::uint32_t required : {0U, 1U}) {
    auto image = vhdx_image();
    image.resize(5 << 20);
    put_vhdx_region(image, 2, {1, 2, 3}, 4 << 20, required);
    seal_vhdx_regions(image);
    if (required != 0)
      check_refused(image, error_code::unknown_feature);
    else
      check_accepted(image, "vhdx", 10 << 20);
    image = vhdx_image();
    put_vhdx_item(image, 3, {1, 2, 3}, 64, 64, required * 4);
    if (required != 0)
      check_refused(image, error_code::unknown_feature);
    else
      check_accepted(image, "vhdx", 10 << 20);
  }
}

TEST_CASE("a VHDX with an impossible size is refused") {
  check_refused(vhdx_with(vhdx_places::items + 8, 8, 0), error_code::virtual_size_invalid);
  check_refused(vhdx_with(vhdx_places::items + 8, 8, 1000), error_code::virtual_size_invalid);
  check_refused(vhdx_with(vhdx_places::items + 8, 8, std::uint64_t{65} << 40), error_code::virtual_size_invalid);
  check_refused(vhdx_with(vhdx_places::items + 8, 8, std::uint64_t{1} << 40), error_code::virtual_size_invalid);
  check_refused(vhdx_with(vhdx_places::items, 4, 0), error_code::image_corrupt);
  check_refused(vhdx_with(vhdx_places::items + 16, 4, 0), error_code::image_corrupt);
}

TEST_CASE("a VHDX whose items or regions have impossible places is refused") {
  check_refused(vhdx_with(vhdx_places::metadata + 32 + 32 + 16, 4, 0), error_code::image_corrupt);
  check_refused(vhdx_with(vhdx_places::metadata + 32 + 32 + 16, 4, 0xFFFFFFFF), error_code::image_corrupt);
  check_refused(vhdx_with(vhdx_places::metadata, 4, 0), error_code::image_corrupt);
  for (const std::uint64_t place : {std::uint64_t{0}, std::uint64_t{3} << 20, ~std::uint64_t{0}}) {
    auto image = vhdx_image();
    put_little(image, vhdx_places::regions + 48 + 16, 8, place);
    put_little(image, vhdx_places::second_regions + 48 + 16, 8, place);
    seal_vhdx_regions(image);
    check_refused(image, error_code::image_corrupt);
  }
}

TEST_CASE("a VHDX that was cut off anywhere is refused") {
  for (const std::size_t length : {100U, 70'000U, 300'000U, (2U << 20) + 100, (3U << 20) + 100}) {
    auto image = vhdx_image();
    image.resize(length);
    check_refused(image, error_code::image_truncated);
  }
}
