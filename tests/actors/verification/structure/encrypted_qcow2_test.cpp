// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/verification/structure/walking.hpp"
#include "tests/hostile/images/luks.hpp"
#include "tests/hostile/images/qcow2_disk.hpp"

using namespace sluice::tests;
using namespace sluice::tests::hostile;
using sluice::schemas::error_code;

TEST_CASE("the keys of an encrypted qcow2 lie in its encryption header, and nowhere else") {
  auto luks = luks_image();
  luks.resize(2 << 20);  // what comes then is the payload, which a qcow2 keeps in its clusters
  qcow2_disk disk;
  put_big(disk.bytes, 32, 4, 2);
  const auto header = disk.bytes.size();
  for (std::size_t i = 0; i < luks.size() / qcow2_disk::cluster; ++i)
    disk.add();
  disk.put_all(header, luks);
  put_big(disk.bytes, 104, 4, 0x0537BE77);
  put_big(disk.bytes, 108, 4, 16);
  put_big(disk.bytes, 112, 8, header);
  put_big(disk.bytes, 120, 8, luks.size());
  disk.add_data(0);
  disk.finish();
  const auto found = check_sound(disk.bytes, "qcow2", qcow2_disk::virtual_size);
  REQUIRE(found.remarks.size() == 1);
  const auto with_key = [&](std::size_t offset, std::size_t width, std::uint64_t value) {
    auto image = disk.bytes;
    put_big(image, header + offset, width, value);
    return image;
  };
  check_unsound(with_key(6, 2, 2), "qcow2", error_code::image_corrupt);             // version 2, which no qcow2 has
  check_unsound(with_key(8, 1, 0), "qcow2", error_code::image_corrupt);             // no cipher
  check_unsound(with_key(108, 4, 0), "qcow2", error_code::image_corrupt);           // keys of no length
  check_unsound(with_key(164, 4, 0xFFFFFFFF), "qcow2", error_code::image_corrupt);  // hours of work for who unlocks it
  check_unsound(with_key(208, 4, 1), "qcow2", error_code::image_corrupt);
  // Beyond the header's end.
  check_unsound(with_key(208 + 7 * 48 + 40, 4, 4096 - 499), "qcow2", error_code::image_corrupt);
  check_unsound(with_key(248, 4, 512 + 7), "qcow2", error_code::overlapping_structures);
  auto cut = disk.bytes;
  put_big(cut, 120, 8, qcow2_disk::cluster);  // the header says that it is shorter than its keys need
  check_unsound(cut, "qcow2", error_code::image_corrupt);
}
