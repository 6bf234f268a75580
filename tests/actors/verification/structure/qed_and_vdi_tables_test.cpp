// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/verification/structure/walking.hpp"
#include "tests/hostile/images/qed.hpp"
#include "tests/hostile/images/virtual_box.hpp"

using namespace sluice::tests;
using namespace sluice::tests::hostile;
using sluice::schemas::error_code;

namespace {

constexpr std::size_t cluster = 65536;
constexpr std::size_t l1_table = cluster;
constexpr std::size_t l2_table = 5 * cluster;
constexpr std::size_t data = 9 * cluster;

/// `qed_image` with one L2 table and two clusters of data.
hostile::image_bytes full_qed() {
  auto image = qed_image();
  image.resize(11 * cluster);
  put_little(image, l1_table, 8, l2_table);
  put_little(image, l2_table, 8, data);
  put_little(image, l2_table + 8, 8, 1);
  put_little(image, l2_table + 16, 8, data + cluster);
  return image;
}
hostile::image_bytes qed_with(std::size_t offset, std::size_t width, std::uint64_t value) {
  auto image = full_qed();
  put_little(image, offset, width, value);
  return image;
}
void qed_refused(std::size_t offset, std::size_t width, std::uint64_t value, error_code code) {
  check_unsound(qed_with(offset, width, value), "qed", code);
}

constexpr std::size_t map = 0x200;
constexpr std::size_t block = 1 << 20;

/// `vdi_image` with two of its ten blocks, the second of which comes first on the disk.
hostile::image_bytes full_vdi() {
  auto image = vdi_image();
  image.resize(1024 + 2 * block);
  put_little(image, 0x184, 4, 2);
  put_little(image, map, 4, 1);
  put_little(image, map + 4, 4, 0xFFFFFFFE);
  put_little(image, map + 8, 4, 0);
  return image;
}
hostile::image_bytes vdi_with(std::size_t offset, std::size_t width, std::uint64_t value) {
  auto image = full_vdi();
  put_little(image, offset, width, value);
  return image;
}
void vdi_refused(std::size_t offset, std::size_t width, std::uint64_t value, error_code code) {
  check_unsound(vdi_with(offset, width, value), "vdi", code);
}

}  // namespace

TEST_CASE("the tables of a sound QED image are accepted") {
  check_sound(qed_image(), "qed", 10 << 20);
  const auto found = check_sound(full_qed(), "qed", 10 << 20);
  CHECK(found.allocated == 2 * cluster);
}

TEST_CASE("a walk judges a QED image's header by itself") {
  qed_refused(0, 4, 4, error_code::not_an_image);
  qed_refused(4, 4, 2048, error_code::image_corrupt);
  qed_refused(4, 4, 3 << 16, error_code::image_corrupt);
  qed_refused(8, 4, 0, error_code::image_corrupt);
  qed_refused(8, 4, 1, error_code::image_corrupt);
  qed_refused(8, 4, 32, error_code::image_corrupt);
  qed_refused(12, 4, 0, error_code::image_corrupt);
  qed_refused(12, 4, 0xFFFFFFFF, error_code::image_corrupt);
  qed_refused(16, 8, 1, error_code::backing_file);
  qed_refused(16, 8, 4, error_code::backing_file);
  qed_refused(16, 8, 8, error_code::unknown_feature);
  qed_refused(48, 8, 0, error_code::virtual_size_invalid);
  qed_refused(48, 8, 513, error_code::virtual_size_invalid);
  qed_refused(48, 8, ~std::uint64_t{511}, error_code::virtual_size_invalid);
  walk_policy policy;
  policy.max_virtual_size = 1 << 20;
  check_unsound(full_qed(), "qed", error_code::virtual_size_too_large, "", policy);
}

TEST_CASE("a QED image that was not closed properly is accepted only by the operator's choice") {
  qed_refused(16, 8, 2, error_code::image_corrupt);
  walk_policy policy;
  policy.accept_dirty = true;
  check_sound(qed_with(16, 8, 2), "qed", 10 << 20, policy);
}

TEST_CASE("each table and cluster of a QED image is aligned, in the file, and used once") {
  qed_refused(40, 8, cluster + 8, error_code::image_corrupt);
  qed_refused(40, 8, 0, error_code::overlapping_structures);
  qed_refused(40, 8, 100 * cluster, error_code::image_truncated);
  qed_refused(l1_table, 8, l2_table + 8, error_code::image_corrupt);
  qed_refused(l1_table, 8, 1, error_code::image_corrupt);
  qed_refused(l1_table, 8, l1_table, error_code::overlapping_structures);
  qed_refused(l1_table, 8, 8 * cluster, error_code::image_truncated);
  qed_refused(l1_table + 8, 8, l2_table, error_code::overlapping_structures);
  qed_refused(l2_table, 8, data + 512, error_code::image_corrupt);
  qed_refused(l2_table, 8, data + cluster, error_code::overlapping_structures);
  qed_refused(l2_table, 8, l2_table, error_code::overlapping_structures);
  qed_refused(l2_table, 8, 11 * cluster, error_code::image_truncated);
  qed_refused(l2_table, 8, ~std::uint64_t{0xFFFF}, error_code::image_truncated);
  for (const auto length : {std::size_t{63}, cluster, 5 * cluster - 1, 9 * cluster - 1, 11 * cluster - 1}) {
    auto image = full_qed();
    image.resize(length);
    check_unsound(image, "qed", error_code::image_truncated);
  }
}

TEST_CASE("the block map of a sound VDI is accepted") {
  check_sound(vdi_image(), "vdi", 10 << 20);
  const auto found = check_sound(full_vdi(), "vdi", 10 << 20);
  CHECK(found.allocated == 2 * block);
  check_sound(vdi_with(0x170, 8, 9'999'999), "vdi", 10'000'384);
}

TEST_CASE("a walk judges a VDI's header by itself") {
  vdi_refused(0x40, 4, 4, error_code::not_an_image);
  vdi_refused(0x44, 4, 0x00010000, error_code::unknown_feature);
  vdi_refused(0x4C, 4, 4, error_code::differencing_disk);
  vdi_refused(0x4C, 4, 2, error_code::image_corrupt);
  vdi_refused(0x1A8, 4, 1, error_code::differencing_disk);
  vdi_refused(0x1B8, 4, 1, error_code::differencing_disk);
  vdi_refused(0x154, 4, 0x100, error_code::image_corrupt);
  vdi_refused(0x154, 4, 0x3E0, error_code::image_corrupt);
  vdi_refused(0x158, 4, 0x200, error_code::overlapping_structures);
  vdi_refused(0x168, 4, 4096, error_code::image_corrupt);
  vdi_refused(0x170, 8, 0, error_code::virtual_size_invalid);
  vdi_refused(0x170, 8, (10 << 20) + 1, error_code::virtual_size_invalid);
  vdi_refused(0x178, 4, 1 << 21, error_code::unknown_feature);
  vdi_refused(0x17C, 4, 512, error_code::unknown_feature);
  vdi_refused(0x180, 4, 9, error_code::virtual_size_invalid);
  vdi_refused(0x180, 4, 0x20000000, error_code::virtual_size_invalid);
  vdi_refused(0x184, 4, 11, error_code::image_corrupt);
  walk_policy policy;
  policy.max_virtual_size = 1 << 20;
  check_unsound(full_vdi(), "vdi", error_code::virtual_size_too_large, "", policy);
}

TEST_CASE("each block of a VDI is counted, in the file, and used once") {
  vdi_refused(map, 4, 2, error_code::image_corrupt);
  vdi_refused(map, 4, 0xFFFFFFFD, error_code::image_corrupt);
  vdi_refused(map, 4, 0, error_code::amplification);
  vdi_refused(map, 4, 0xFFFFFFFF, error_code::image_corrupt);
  vdi_refused(0x184, 4, 1, error_code::image_corrupt);
  vdi_refused(0x184, 4, 3, error_code::image_truncated);
  for (const auto length : {std::size_t{511}, std::size_t{1024} + block, 1023 + 2 * block}) {
    auto image = full_vdi();
    image.resize(length);
    check_unsound(image, "vdi", error_code::image_truncated);
  }
  auto image = full_vdi();
  image.resize(image.size() + 512);
  check_sound(image, "vdi", 10 << 20);
  walk_policy policy;
  policy.accept_trailing_bytes = false;
  check_unsound(image, "vdi", error_code::image_corrupt, "", policy);
}
