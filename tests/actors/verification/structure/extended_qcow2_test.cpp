// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/verification/structure/walking.hpp"
#include "tests/hostile/images/qcow2_disk.hpp"

using namespace sluice::tests;
using namespace sluice::tests::hostile;
using sluice::schemas::error_code;

namespace {

constexpr std::size_t cluster = 16384;
constexpr std::size_t l2_table = 4 * cluster;
constexpr std::size_t data = 5 * cluster;
constexpr std::uint64_t copied = qcow2_disk::copied;

/// A qcow2 with clusters of 16 KiB, extended L2 entries and counts of `order`; one entry with this descriptor and
/// bitmap.
hostile::image_bytes extended_qcow2(std::uint64_t descriptor, std::uint64_t bitmap, std::uint32_t order = 4) {
  hostile::image_bytes image(6 * cluster);
  put_text(image, 0, "QFI\xfb");
  put_big(image, 4, 4, 3);
  put_big(image, 20, 4, 14);
  put_big(image, 24, 8, 1 << 20);
  put_big(image, 36, 4, 1);
  put_big(image, 40, 8, 3 * cluster);
  put_big(image, 48, 8, cluster);
  put_big(image, 56, 4, 1);
  put_big(image, 72, 8, 16);
  put_big(image, 96, 4, order);
  put_big(image, 100, 4, 104);
  put_big(image, cluster, 8, 2 * cluster);
  for (std::size_t i = 0; i < 6; ++i) {
    if (order >= 3) {
      const auto width = std::size_t{1} << (order - 3);
      put_big(image, 2 * cluster + i * width, width, 1);
    } else {
      const auto bit = i << order;
      image[2 * cluster + bit / 8] |= static_cast<std::byte>(1U << (bit % 8));
    }
  }
  put_big(image, 3 * cluster, 8, l2_table | copied);
  put_big(image, l2_table, 8, descriptor);
  put_big(image, l2_table + 8, 8, bitmap);
  return image;
}

}  // namespace

TEST_CASE("a qcow2's reference counts are read at every width") {
  for (std::uint32_t order = 0; order <= 6; ++order) {
    INFO("order " << order);
    const auto image = extended_qcow2(data | copied, 0xFFFFFFFF, order);
    check_sound(image, "qcow2", 1 << 20);
    auto uncounted = image;
    std::fill_n(uncounted.begin() + 2 * cluster, 64, std::byte{0});
    check_unsound(uncounted, "qcow2", error_code::image_corrupt);
    uncounted = image;
    const auto last = 2 * cluster + ((5U << order) / 8) + (order > 3 ? (1U << (order - 3)) - 1 : 0);
    uncounted[last] &= order >= 3 ? std::byte{0} : ~static_cast<std::byte>(1U << ((5U << order) % 8));
    check_unsound(uncounted, "qcow2", error_code::image_corrupt);
  }
}

TEST_CASE("the subclusters of a qcow2 are allocated, zero or neither, never both") {
  const auto found = check_sound(extended_qcow2(data | copied, 0xFFFF000000000007), "qcow2", 1 << 20);
  CHECK(found.allocated == 3 * cluster / 32);
  check_sound(extended_qcow2(0, 0xFFFFFFFF00000000), "qcow2", 1 << 20);
  check_unsound(extended_qcow2(data | copied, 0x0000000100000001), "qcow2", error_code::image_corrupt);
  check_unsound(extended_qcow2(0, 1), "qcow2", error_code::image_corrupt);
  check_unsound(extended_qcow2(data | copied | 1, 0), "qcow2", error_code::image_corrupt);
  check_unsound(extended_qcow2(qcow2_disk::compressed | data, 1), "qcow2", error_code::image_corrupt);
}

TEST_CASE("of a qcow2's last cluster the subclusters that hold data are there") {
  auto image = extended_qcow2(data | copied, 3);
  image.resize(data + 2 * cluster / 32);
  check_sound(image, "qcow2", 1 << 20);
  image.pop_back();
  check_unsound(image, "qcow2", error_code::image_truncated);
}
