// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/verification/structure/walking.hpp"
#include "tests/hostile/images/vhd.hpp"
#include "tests/hostile/images/vhdx_blocks.hpp"

using namespace sluice::tests;
using namespace sluice::tests::hostile;
using sluice::schemas::error_code;

namespace {

constexpr std::uint64_t size = 10 << 20;
constexpr std::size_t block = 2 << 20;
constexpr std::size_t table = 1536;

/// Blocks 0 and 3 with data; block 0 lacks sector 9 in its bitmap, whose bytes are zero.
hostile::image_bytes vhd_with_blocks() {
  auto image = dynamic_vhd(size);
  image.resize(2048);
  for (const std::size_t index : {0, 3}) {
    put_big(image, table + index * 4, 4, image.size() / 512);
    image.resize(image.size() + 512, std::byte{0xFF});
    image.resize(image.size() + block, std::byte{0x5A});
  }
  put_byte(image, 2048 + 1, 0xBF);
  std::fill_n(image.begin() + 2048 + 512 + 9 * 512, 512, std::byte{0});
  put_vhd_footer(image, image.size(), size, 3);
  return image;
}

/// The same with one field of the dynamic header changed and its checksum right.
hostile::image_bytes vhd_header_with(std::size_t offset, std::size_t width, std::uint64_t value) {
  auto image = vhd_with_blocks();
  put_big(image, 512 + offset, width, value);
  seal_vhd(image, 512, 1024, 36);
  return image;
}

hostile::image_bytes vhd_table_with(std::size_t index, std::uint64_t sector) {
  auto image = vhd_with_blocks();
  put_big(image, table + index * 4, 4, sector);
  return image;
}

/// One field of both footers, checksums right.
hostile::image_bytes vhd_footers_with(std::size_t offset, std::size_t width, std::uint64_t value) {
  auto image = vhd_with_blocks();
  for (const auto at : {std::size_t{0}, image.size() - 512}) {
    put_big(image, at + offset, width, value);
    seal_vhd(image, at, 512, 64);
  }
  return image;
}

hostile::image_bytes vhdx_with_entry(std::size_t index, std::uint64_t entry) {
  auto image = vhdx_with_blocks();
  put_little(image, vhdx_places::block_table + index * 8, 8, entry);
  return image;
}

constexpr std::uint64_t mib = 1 << 20;
constexpr std::uint64_t present = 6;

}  // namespace

TEST_CASE("a sound dynamic VHD is walked, empty or with blocks") {
  CHECK(check_sound(dynamic_vhd(size), "vhd", size).allocated == 0);
  CHECK(check_sound(vhd_with_blocks(), "vhd", size).allocated == 2 * block);
}

TEST_CASE("a VHD cut off anywhere is refused") {
  const auto image = vhd_with_blocks();
  for (std::size_t length = 0; length < image.size(); length += length < 4096 ? 100 : 100'000)
    if (walk(std::span{image}.first(length), "vhd"))
      FAIL("accepted at " << length);
}

TEST_CASE("a VHD whose two footers differ, or with a wrong checksum, is refused") {
  auto image = vhd_with_blocks();
  put_big(image, image.size() - 512 + 24, 4, 77);
  seal_vhd(image, image.size() - 512, 512, 64);
  check_unsound(image, "vhd", error_code::image_corrupt, "differ");
  image = vhd_with_blocks();
  put_byte(image, 70, 1);
  check_unsound(image, "vhd", error_code::image_corrupt, "checksum");
  image = vhd_with_blocks();
  put_byte(image, 512 + 700, 1);
  check_unsound(image, "vhd", error_code::image_corrupt, "checksum");
  image = vhd_with_blocks();
  put_byte(image, image.size() - 512, 'x');
  check_unsound(image, "vhd", error_code::image_truncated, "footer");
}

TEST_CASE("a VHD whose blocks leave the file, hit another part or each other is refused") {
  const auto sectors = vhd_with_blocks().size() / 512;
  check_unsound(vhd_table_with(1, sectors), "vhd", error_code::image_truncated, "a block");
  check_unsound(vhd_table_with(1, 0xFFFFFFFE), "vhd", error_code::image_truncated, "a block");
  check_unsound(vhd_table_with(3, 2048 / 512 + 1 + block / 512 + 1), "vhd", error_code::overlapping_structures,
                "footer");
  check_unsound(vhd_table_with(1, 2048 / 512), "vhd", error_code::overlapping_structures, "a block");
  check_unsound(vhd_table_with(1, 0), "vhd", error_code::overlapping_structures, "copy of the footer");
  check_unsound(vhd_table_with(1, 1), "vhd", error_code::overlapping_structures, "header");
  check_unsound(vhd_table_with(1, 3), "vhd", error_code::overlapping_structures, "block table");
}

TEST_CASE("a VHD whose header gives impossible places or sizes is refused") {
  check_unsound(vhd_header_with(16, 8, 0), "vhd", error_code::image_corrupt);
  check_unsound(vhd_header_with(16, 8, 1537), "vhd", error_code::image_corrupt);
  check_unsound(vhd_header_with(16, 8, std::uint64_t{1} << 40), "vhd", error_code::image_truncated);
  check_unsound(vhd_header_with(16, 8, ~std::uint64_t{511}), "vhd", error_code::image_truncated);
  check_unsound(vhd_header_with(28, 4, 4), "vhd", error_code::virtual_size_invalid);
  check_unsound(vhd_header_with(28, 4, 0xFFFFFFFF), "vhd", error_code::image_truncated);
  check_unsound(vhd_header_with(32, 4, 3 << 20), "vhd", error_code::image_corrupt);
  check_unsound(vhd_header_with(32, 4, 0), "vhd", error_code::image_corrupt);
  check_unsound(vhd_header_with(24, 4, 0x00020000), "vhd", error_code::image_corrupt);
  check_unsound(vhd_footers_with(16, 8, 0), "vhd", error_code::overlapping_structures, "footer");
  check_unsound(vhd_footers_with(16, 8, std::uint64_t{1} << 60), "vhd", error_code::image_truncated);
}

TEST_CASE("a VHD that names a parent in any of its ways is refused") {
  check_unsound(vhd_footers_with(60, 4, 4), "vhd", error_code::differencing_disk);
  check_unsound(vhd_header_with(40, 4, 1), "vhd", error_code::differencing_disk);
  check_unsound(vhd_header_with(576 + 24, 4, 0x57326B75), "vhd", error_code::differencing_disk);
}

TEST_CASE("a VHD that holds data where its bitmap says that none was written is refused") {
  auto image = vhd_with_blocks();
  put_byte(image, 2048 + 512 + 9 * 512 + 511, 1);
  check_unsound(image, "vhd", error_code::image_corrupt, "never written");
  image = vhd_with_blocks();
  std::fill_n(image.begin() + 2048, 512, std::byte{0});
  check_unsound(image, "vhd", error_code::image_corrupt, "never written");
  image = vhd_with_blocks();
  put_byte(image, 2048 + 511, 0xFE);
  check_unsound(image, "vhd", error_code::image_corrupt, "never written");
}

TEST_CASE("the size of a VHD is the one by which its creator's disks are read") {
  const auto made_by = [](std::string_view creator) {
    auto image = dynamic_vhd(size);
    for (const std::size_t at : {0, 2048}) {
      put_text(image, at + 28, creator);
      put_big(image, at + 56, 2, 300);
      seal_vhd(image, at, 512, 64);
    }
    return image;
  };
  for (const std::string_view creator : {"win ", "d2v ", "CTXS", "qem2"})
    check_sound(made_by(creator), "vhd", size);
  check_sound(made_by({"tap\0", 4}), "vhd", size);
  for (const std::string_view creator : {"vpc ", "qemu", "vbox"})
    check_sound(made_by(creator), "vhd", std::uint64_t{300} * 4 * 17 * 512);
}

TEST_CASE("a fixed VHD is as long as its footer says") {
  hostile::image_bytes image(mib, std::byte{1});
  put_vhd_footer(image, image.size(), mib, 2);
  check_sound(image, "vhd", mib);
  check_unsound(std::span{image}.first(image.size() - 512), "vhd", error_code::image_truncated);
  check_unsound(std::span{image}.first(100), "vhd", error_code::image_truncated);
  put_byte(image, image.size() - 1, 1);
  check_unsound(image, "vhd", error_code::image_corrupt, "checksum");
  hostile::image_bytes empty;
  put_vhd_footer(empty, 512, 0, 2);
  check_unsound(empty, "vhd", error_code::virtual_size_invalid);
}

TEST_CASE("VHD and VHDX disks larger than the operator takes are refused") {
  walk_policy policy;
  policy.max_virtual_size = size - 1;
  check_unsound(vhd_with_blocks(), "vhd", error_code::virtual_size_too_large, "", policy);
  check_unsound(vhdx_with_blocks(), "vhdx", error_code::virtual_size_too_large, "", policy);
}

TEST_CASE("a sound VHDX is walked, empty or with blocks") {
  CHECK(check_sound(sound_vhdx(), "vhdx", size).allocated == 0);
  CHECK(check_sound(vhdx_with_blocks(), "vhdx", size).allocated == 2 * mib);
}

TEST_CASE("a VHDX cut off anywhere is refused") {
  const auto image = vhdx_with_blocks();
  for (std::size_t length = 0; length < image.size(); length += 100'000)
    if (const auto found = walk(std::span{image}.first(length), "vhdx"))
      FAIL("accepted at " << length);
    else if (found.error().code != error_code::image_truncated)
      FAIL("at " << length << ": " << found.error().message);
}

TEST_CASE("one header of a VHDX is enough, two different ones of one number are not") {
  auto image = vhdx_with_blocks();
  put_byte(image, vhdx_places::header, 'x');
  check_sound(image, "vhdx", size);
  put_byte(image, vhdx_places::second_header + 100, 1);
  check_unsound(image, "vhdx", error_code::image_corrupt, "headers");
  image = vhdx_with_blocks();
  put_little(image, vhdx_places::header + 8, 8, 2);
  put_little(image, vhdx_places::header + 16, 8, 9);
  seal_vhdx(image, vhdx_places::header, 4096);
  check_unsound(image, "vhdx", error_code::image_corrupt, "headers");
}

TEST_CASE("a VHDX's log is of the known version and where a log may be") {
  const auto with = [](std::size_t offset, std::size_t width, std::uint64_t value) {
    auto image = vhdx_with_blocks();
    put_little(image, vhdx_places::second_header + offset, width, value);
    seal_vhdx(image, vhdx_places::second_header, 4096);
    return image;
  };
  check_unsound(with(64, 2, 1), "vhdx", error_code::unknown_feature, "log");
  check_unsound(with(72, 8, 0), "vhdx", error_code::image_corrupt, "log");
  check_unsound(with(72, 8, mib + 4096), "vhdx", error_code::image_corrupt, "log");
  check_unsound(with(68, 4, 4096), "vhdx", error_code::image_corrupt, "log");
  check_unsound(with(72, 8, 2 * mib), "vhdx", error_code::image_corrupt, "overlap");
  check_sound(with(68, 4, 0), "vhdx", size);
}

TEST_CASE("both region tables of a VHDX are whole and equal") {
  for (const auto at : {vhdx_places::regions, vhdx_places::second_regions}) {
    auto image = vhdx_with_blocks();
    put_byte(image, at + 40'000, 1);
    check_unsound(image, "vhdx", error_code::image_corrupt, "region tables");
    seal_vhdx(image, at, 64 << 10);
    check_unsound(image, "vhdx", error_code::image_corrupt, "differ");
  }
}

TEST_CASE("a VHDX with a log to replay is refused, also where the operator takes images that were not closed") {
  auto image = vhdx_with_blocks();
  for (const auto at : {vhdx_places::header, vhdx_places::second_header}) {
    put_byte(image, at + 48, 7);
    seal_vhdx(image, at, 4096);
  }
  walk_policy policy;
  check_unsound(image, "vhdx", error_code::image_corrupt, "replayed", policy);
  policy.accept_dirty = true;
  check_sound(image, "vhdx", size, policy);
  const auto entry = static_cast<std::size_t>(mib) + 3 * 4096;
  put_text(image, entry, "loge");
  check_sound(image, "vhdx", size, policy);
  put_byte(image, entry + 32, 7);
  check_unsound(image, "vhdx", error_code::image_corrupt, "replayed", policy);
}

TEST_CASE("a VHDX without one of its five items, or with items on one another, is refused") {
  for (std::size_t index = 0; index < 5; ++index) {
    INFO(index);
    auto image = vhdx_with_blocks();
    put_byte(image, vhdx_places::metadata + 32 + 32 * index, 0);
    put_little(image, vhdx_places::metadata + 32 + 32 * index + 24, 4, 0);
    check_unsound(image, "vhdx", error_code::image_corrupt, "lacks");
  }
  auto image = vhdx_with_blocks();
  put_little(image, vhdx_places::metadata + 32 + 32 + 16, 4, (64 << 10) + 4);
  check_unsound(image, "vhdx", error_code::overlapping_structures, "item");
  image = vhdx_with_blocks();
  put_little(image, vhdx_places::metadata + 32 + 16, 4, 100);
  check_unsound(image, "vhdx", error_code::image_corrupt, "impossible place");
  image = vhdx_with_blocks();
  put_vhdx_item(image, 5, {1, 2, 3}, 2000, 100, 0);
  check_sound(image, "vhdx", size);
  put_vhdx_item(image, 5, {1, 2, 3}, 2000, 100, 4);
  check_unsound(image, "vhdx", error_code::unknown_feature);
  put_vhdx_item(image, 5, vhdx_parent_locator, 2000, 100, 4);
  check_unsound(image, "vhdx", error_code::differencing_disk);
}

TEST_CASE("a VHDX with sizes that the format or QEMU does not take is refused") {
  auto image = vhdx_with_blocks();
  put_little(image, vhdx_places::items + 4, 4, 2);
  check_unsound(image, "vhdx", error_code::differencing_disk);
  image = vhdx_with_blocks();
  put_little(image, vhdx_places::items + 16, 4, 4096);
  check_unsound(image, "vhdx", error_code::unknown_feature, "4096");
  image = vhdx_with_blocks();
  put_little(image, vhdx_places::items + 24, 4, 513);
  check_unsound(image, "vhdx", error_code::image_corrupt, "physical");
  image = vhdx_with_blocks();
  put_little(image, vhdx_places::items + 8, 8, 0);
  check_unsound(image, "vhdx", error_code::virtual_size_invalid);
  put_little(image, vhdx_places::items + 8, 8, std::uint64_t{1} << 46);
  check_unsound(image, "vhdx", error_code::virtual_size_invalid, "covers");
}

TEST_CASE("a VHDX whose blocks leave the file, are not aligned, hit another part or each other is refused") {
  check_unsound(vhdx_with_entry(5, 100 * mib | present), "vhdx", error_code::image_truncated, "a block");
  check_unsound(vhdx_with_entry(5, ~(mib - 1) | present), "vhdx", error_code::image_truncated, "a block");
  check_unsound(vhdx_with_entry(5, 4 * mib | present), "vhdx", error_code::overlapping_structures, "a block");
  check_unsound(vhdx_with_entry(5, 3 * mib | present), "vhdx", error_code::overlapping_structures, "block table");
  check_unsound(vhdx_with_entry(5, 2 * mib | present), "vhdx", error_code::overlapping_structures, "metadata");
  check_unsound(vhdx_with_entry(5, 1 * mib | present), "vhdx", error_code::overlapping_structures, "log");
  check_unsound(vhdx_with_entry(5, present), "vhdx", error_code::image_corrupt, "impossible place");
  check_unsound(vhdx_with_entry(5, (4 * mib + 4096) | present), "vhdx", error_code::image_corrupt, "impossible place");
}

TEST_CASE("an entry of a VHDX's block table has a state of a disk without a parent") {
  for (const std::uint64_t state : {0, 1, 2, 3}) {
    CHECK(check_sound(vhdx_with_entry(5, state), "vhdx", size).allocated == 2 * mib);
    check_sound(vhdx_with_entry(5, 4 * mib | state), "vhdx", size);
  }
  for (const std::uint64_t state : {4, 5, 7})
    check_unsound(vhdx_with_entry(5, 4 * mib | state), "vhdx", error_code::image_corrupt, "state");
}

TEST_CASE("a VHDX's entries for sector bitmaps are passed over, and refused when there is a bitmap") {
  // 4 GiB and one block more, in blocks of 1 MiB: entry 4096 is the bitmap's, 4097 the last block's.
  auto image = vhdx_with_blocks();
  put_little(image, vhdx_places::items + 8, 8, (std::uint64_t{4096} + 1) << 20);
  auto last = image;
  put_little(last, vhdx_places::block_table + 4097 * 8, 8, 6 * mib | present);
  last.resize(7 * mib);
  CHECK(check_sound(last, "vhdx", (std::uint64_t{4096} + 1) << 20).allocated == 3 * mib);
  put_little(image, vhdx_places::block_table + 4096 * 8, 8, 6 * mib | present);
  check_unsound(image, "vhdx", error_code::image_corrupt, "sector bitmap");
}
