// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/verification/structure/walking.hpp"
#include "tests/hostile/images/qcow2_disk.hpp"

using namespace sluice::tests;
using namespace sluice::tests::hostile;
using sluice::schemas::error_code;

namespace {

constexpr auto cluster = qcow2_disk::cluster;
constexpr auto copied = qcow2_disk::copied;
constexpr std::size_t first_data = 5 * cluster;

/// The sound disk with one field of the file overwritten.
hostile::image_bytes with(std::size_t offset, std::size_t width, std::uint64_t value) {
  auto disk = small_qcow2();
  put_big(disk.bytes, offset, width, value);
  return disk.bytes;
}
hostile::image_bytes with_l2_entry(std::size_t index, std::uint64_t entry) {
  return with(qcow2_disk::l2_table + 8 * index, 8, entry);
}
void refused(const hostile::image_bytes& image, error_code code) {
  check_unsound(image, "qcow2", code);
}

}  // namespace

TEST_CASE("the tables of a sound qcow2 of either version are accepted") {
  const auto found = check_sound(small_qcow2().bytes, "qcow2", qcow2_disk::virtual_size);
  CHECK(found.allocated == 2 * cluster);
  CHECK(found.remarks.empty());
  check_sound(small_qcow2(2).bytes, "qcow2", qcow2_disk::virtual_size);
}

TEST_CASE("a walk judges a qcow2's header by itself") {
  refused(with(0, 4, 4), error_code::not_an_image);
  refused(with(4, 4, 4), error_code::unknown_feature);
  refused(with(8, 8, 1024), error_code::backing_file);
  refused(with(16, 4, 11), error_code::backing_file);
  refused(with(20, 4, 8), error_code::image_corrupt);
  refused(with(20, 4, 22), error_code::image_corrupt);
  refused(with(24, 8, 511), error_code::virtual_size_invalid);
  refused(with(24, 8, 512 * cluster + 1), error_code::virtual_size_invalid);
  refused(with(32, 4, 1), error_code::image_encrypted);
  refused(with(32, 4, 2), error_code::image_corrupt);
  refused(with(32, 4, 3), error_code::unknown_feature);
  refused(with(36, 4, 0xFFFFFFFF), error_code::image_corrupt);
  refused(with(40, 8, 0), error_code::image_corrupt);
  refused(with(48, 8, 0), error_code::image_corrupt);
  refused(with(56, 4, 0), error_code::image_corrupt);
  refused(with(56, 4, 0xFFFFFFFF), error_code::image_corrupt);
  refused(with(60, 4, 65537), error_code::image_corrupt);
  refused(with(64, 8, 8), error_code::image_corrupt);
  refused(with(72, 8, 2), error_code::image_corrupt);
  refused(with(72, 8, 4), error_code::external_data_file);
  refused(with(72, 8, 8), error_code::image_corrupt);
  refused(with(72, 8, 16), error_code::image_corrupt);
  refused(with(72, 8, 32), error_code::unknown_feature);
  refused(with(88, 8, 2), error_code::image_corrupt);
  refused(with(96, 4, 7), error_code::image_corrupt);
  refused(with(100, 4, 96), error_code::image_corrupt);
  refused(with(100, 4, 8192), error_code::image_corrupt);
  auto image = small_qcow2().bytes;
  image.resize(71);
  refused(image, error_code::image_truncated);
}

TEST_CASE("compatible and autoclear features that nobody knows do a qcow2 no harm") {
  auto image = with(80, 8, ~std::uint64_t{0});
  put_big(image, 88, 8, ~std::uint64_t{2});
  check_sound(image, "qcow2", qcow2_disk::virtual_size);
}

TEST_CASE("a qcow2 whose size is not whole sectors is as large as its whole sectors") {
  check_sound(with(24, 8, 1'000'001), "qcow2", 999'936);
}

TEST_CASE("a qcow2 larger than the operator allows is refused by its header") {
  walk_policy policy;
  policy.max_virtual_size = qcow2_disk::virtual_size - 1;
  check_unsound(small_qcow2().bytes, "qcow2", error_code::virtual_size_too_large, "", policy);
}

TEST_CASE("a qcow2 marked dirty is accepted only by the operator's choice") {
  const auto image = with(72, 8, 1);
  refused(image, error_code::image_corrupt);
  walk_policy policy;
  policy.accept_dirty = true;
  check_sound(image, "qcow2", qcow2_disk::virtual_size, policy);
}

TEST_CASE("a qcow2's header extensions are walked to their end") {
  auto disk = small_qcow2();
  put_big(disk.bytes, 104, 4, 0x12345678);
  put_big(disk.bytes, 108, 4, 5);
  put_big(disk.bytes, 120, 4, 0x44415441);
  put_big(disk.bytes, 124, 4, 4);
  refused(disk.bytes, error_code::external_data_file);
  put_big(disk.bytes, 120, 4, 0xE2792ACA);
  refused(disk.bytes, error_code::backing_file);
  put_big(disk.bytes, 120, 4, 0x0537BE77);
  refused(disk.bytes, error_code::image_corrupt);
  put_big(disk.bytes, 120, 4, 0x6803F857);
  check_sound(disk.bytes, "qcow2", qcow2_disk::virtual_size);
  put_big(disk.bytes, 124, 4, cluster - 127);
  refused(disk.bytes, error_code::image_corrupt);
}

TEST_CASE("a qcow2 with a table or cluster outside the file is refused as cut off") {
  refused(with(40, 8, 100 * cluster), error_code::image_truncated);
  refused(with(48, 8, 100 * cluster), error_code::image_truncated);
  refused(with(qcow2_disk::refcount_table, 8, 100 * cluster), error_code::image_truncated);
  refused(with(qcow2_disk::l1_table, 8, (100 * cluster) | copied), error_code::image_truncated);
  refused(with_l2_entry(3, (100 * cluster) | copied), error_code::image_truncated);
}

TEST_CASE("a qcow2 that was cut off anywhere is refused, but what nobody wrote need not be there") {
  const auto whole = small_qcow2().bytes;
  for (auto length = whole.size() - 1; length > 0; length -= std::min<std::size_t>(length, 257)) {
    auto image = whole;
    image.resize(length);
    refused(image, error_code::image_truncated);
  }
  // The last cluster of a disk that ends inside it.
  qcow2_disk disk;
  put_big(disk.bytes, 24, 8, 7 * cluster + 512);
  disk.add_data(7);
  disk.finish();
  disk.bytes.resize(disk.bytes.size() - cluster + 512);
  check_sound(disk.bytes, "qcow2", 7 * cluster + 512);
  disk.bytes.pop_back();
  refused(disk.bytes, error_code::image_truncated);
}

TEST_CASE("an entry of a qcow2's tables with reserved bits or an odd offset is refused") {
  for (const auto bit : {0, 1, 8, 56, 62})
    refused(with(qcow2_disk::l1_table, 8, qcow2_disk::l2_table | copied | (std::uint64_t{1} << bit)),
            error_code::image_corrupt);
  refused(with(qcow2_disk::l1_table, 8, (qcow2_disk::l2_table + 512) | copied), error_code::image_corrupt);
  refused(with(qcow2_disk::l1_table, 8, copied), error_code::image_corrupt);
  for (const auto bit : {1, 8, 56, 61})
    refused(with_l2_entry(0, first_data | copied | (std::uint64_t{1} << bit)), error_code::image_corrupt);
  refused(with_l2_entry(0, (first_data + 512) | copied), error_code::image_corrupt);
  refused(with_l2_entry(0, copied), error_code::image_corrupt);
  refused(with(qcow2_disk::refcount_table, 8, qcow2_disk::refcount_block + 1), error_code::image_corrupt);
}

TEST_CASE("a cluster of zeros in a qcow2 needs version 3, and may have a place") {
  auto disk = small_qcow2();
  disk.put_l2(0, first_data | copied | 1);
  disk.put_l2(1, 1);
  const auto found = check_sound(disk.bytes, "qcow2", qcow2_disk::virtual_size);
  CHECK(found.allocated == cluster);
  auto old = small_qcow2(2);
  old.put_l2(1, 1);
  refused(old.bytes, error_code::image_corrupt);
}

TEST_CASE("a qcow2's data on top of any of its tables is refused as overlapping") {
  for (const std::size_t table : {std::size_t{0}, qcow2_disk::refcount_table, qcow2_disk::refcount_block,
                                  qcow2_disk::l1_table, qcow2_disk::l2_table}) {
    if (table != 0) {
      refused(with_l2_entry(0, table | copied), error_code::overlapping_structures);
      auto counted = small_qcow2();
      counted.put_l2(0, table);
      counted.put_count(table, 2);
      refused(counted.bytes, error_code::overlapping_structures);
    }
    refused(with(qcow2_disk::refcount_table + 8, 8, table == 0 ? first_data : table),
            error_code::overlapping_structures);
  }
  refused(with(40, 8, qcow2_disk::refcount_table), error_code::overlapping_structures);
  refused(with(qcow2_disk::l1_table, 8, qcow2_disk::l1_table | copied), error_code::overlapping_structures);
}

TEST_CASE("a qcow2 in which one cluster stands for many is refused, even with reference counts that agree") {
  auto disk = small_qcow2();
  disk.put_l2(0, first_data);
  disk.put_l2(1, first_data);
  disk.put_count(first_data, 2);
  refused(disk.bytes, error_code::amplification);
  auto tables = small_qcow2();
  put_big(tables.bytes, 36, 4, 2);
  put_big(tables.bytes, qcow2_disk::l1_table, 8, qcow2_disk::l2_table);
  put_big(tables.bytes, qcow2_disk::l1_table + 8, 8, qcow2_disk::l2_table);
  tables.put_count(qcow2_disk::l2_table, 2);
  tables.put_count(first_data, 2);
  tables.put_count(first_data + cluster, 2);
  refused(tables.bytes, error_code::amplification);
}

TEST_CASE("a qcow2's reference counts cover its use, and leaks do no harm") {
  for (std::size_t used = 0; used < 7; ++used) {
    auto disk = small_qcow2();
    disk.put_count(used * cluster, 0);
    refused(disk.bytes, error_code::image_corrupt);
  }
  auto leaking = small_qcow2();
  leaking.put_count(qcow2_disk::l1_table, 2);
  leaking.put_count(50 * cluster, 1);
  check_sound(leaking.bytes, "qcow2", qcow2_disk::virtual_size);
  refused(with(qcow2_disk::refcount_table, 8, 0), error_code::image_corrupt);
}

TEST_CASE("a qcow2's flag for writing in place agrees with the reference count") {
  refused(with_l2_entry(0, first_data), error_code::image_corrupt);
  refused(with(qcow2_disk::l1_table, 8, qcow2_disk::l2_table), error_code::image_corrupt);
  auto disk = small_qcow2();
  disk.put_count(first_data, 2);
  refused(disk.bytes, error_code::image_corrupt);
}

TEST_CASE("a compressed cluster of a qcow2 is really decompressed") {
  const auto zstd = GENERATE(false, true);
  qcow2_disk disk;
  const auto content = [zstd](std::size_t length, std::uint64_t window = 3 << 3) {
    return zstd ? qcow2_disk::zstd_zeros(length, window) : qcow2_disk::deflated_zeros(length);
  };
  if (zstd) {
    put_big(disk.bytes, 72, 8, 8);
    put_big(disk.bytes, 100, 4, 112);
    put_big(disk.bytes, 104, 1, 1);
  }
  const auto offset = disk.add();
  disk.add();
  disk.put_all(offset, content(cluster));
  disk.put_l2(0, qcow2_disk::descriptor(offset, 9));
  disk.finish();
  SECTION("whole, it is accepted") {
    const auto found = check_sound(disk.bytes, "qcow2", qcow2_disk::virtual_size);
    CHECK(found.allocated == cluster);
  }
  SECTION("longer or shorter than a cluster it is refused") {
    for (const auto length : {cluster - 1, cluster + 1, 2 * cluster}) {
      auto wrong = disk;
      wrong.put_all(offset, content(length));
      wrong.put_l2(0, qcow2_disk::descriptor(offset, 15));
      refused(wrong.bytes, error_code::image_corrupt);
    }
  }
  SECTION("broken, it is refused") {
    put_big(disk.bytes, offset, 8, ~std::uint64_t{0});
    refused(disk.bytes, error_code::image_corrupt);
  }
  SECTION("a window larger than any cluster needs is refused") {
    if (zstd) {
      disk.put_all(offset, content(cluster, 14 << 3));
      refused(disk.bytes, error_code::image_corrupt);
    }
  }
  SECTION("past the end of the file it is refused") {
    disk.put_l2(0, qcow2_disk::descriptor(offset + cluster, 9));
    refused(disk.bytes, error_code::image_truncated);
    disk.put_l2(0, qcow2_disk::descriptor(100 * cluster, 1));
    refused(disk.bytes, error_code::image_truncated);
    disk.put_l2(0, qcow2_disk::descriptor(std::uint64_t{1} << 57, 1));
    refused(disk.bytes, error_code::image_corrupt);
  }
  SECTION("marked as writable in place it is refused") {
    disk.put_l2(0, qcow2_disk::descriptor(offset, 9) | copied);
    refused(disk.bytes, error_code::image_corrupt);
  }
  SECTION("on top of a table or of plain data it is refused") {
    disk.put_l2(0, qcow2_disk::descriptor(qcow2_disk::l2_table, 2));
    refused(disk.bytes, error_code::overlapping_structures);
    disk.put_l2(0, qcow2_disk::descriptor(offset, 9));
    disk.put_l2(1, offset | copied);
    refused(disk.bytes, error_code::overlapping_structures);
  }
  SECTION("the same bytes do not stand for two") {
    disk.put_l2(1, qcow2_disk::descriptor(offset, 9));
    disk.put_count(offset, 2);
    disk.put_count(offset + cluster, 2);
    refused(disk.bytes, error_code::amplification);
  }
  SECTION("two may share a cluster of the file, if it is counted twice") {
    disk.put_all(offset + 4608, qcow2_disk::zstd_zeros());
    disk.put_l2(1, qcow2_disk::descriptor(offset + 4608, 1));
    if (zstd) {
      refused(disk.bytes, error_code::image_corrupt);
      disk.put_count(offset + cluster, 2);
      check_sound(disk.bytes, "qcow2", qcow2_disk::virtual_size);
    }
  }
}

TEST_CASE("what a qcow2's snapshots share with its disk is counted for each") {
  qcow2_disk disk;
  const auto data = disk.add_data(0);
  disk.add_data(7);
  const auto l1 = disk.add_snapshot();
  const auto table = l1 - cluster;
  disk.finish();
  const auto found = check_sound(disk.bytes, "qcow2", qcow2_disk::virtual_size);
  CHECK(found.allocated == 2 * cluster);

  const auto wrong = [&disk](std::size_t offset, std::size_t width, std::uint64_t value, error_code code) {
    auto image = disk.bytes;
    put_big(image, offset, width, value);
    refused(image, code);
  };
  wrong(qcow2_disk::refcount_block + 2 * (data / cluster), 2, 1, error_code::image_corrupt);
  wrong(qcow2_disk::refcount_block + 2 * (table / cluster), 2, 0, error_code::image_corrupt);
  wrong(qcow2_disk::refcount_block + 2 * (l1 / cluster), 2, 0, error_code::image_corrupt);
  wrong(64, 8, 0, error_code::image_corrupt);
  wrong(64, 8, qcow2_disk::l2_table, error_code::image_corrupt);
  wrong(64, 8, 100 * cluster, error_code::image_truncated);
  wrong(60, 4, 65536, error_code::image_truncated);
  wrong(table, 8, l1 + 512, error_code::image_corrupt);
  wrong(table, 8, 100 * cluster, error_code::image_truncated);
  wrong(table, 8, qcow2_disk::l2_table, error_code::overlapping_structures);
  wrong(table + 8, 4, 0xFFFFFFFF, error_code::image_corrupt);
  wrong(table + 36, 4, 8, error_code::image_corrupt);
  wrong(table + 36, 4, 0xFFFFFFFF, error_code::image_corrupt);
  wrong(table + 48, 8, std::uint64_t{1} << 40, error_code::image_corrupt);
  wrong(l1, 8, qcow2_disk::l2_table | 1, error_code::image_corrupt);
  wrong(l1, 8, data, error_code::overlapping_structures);
  // A table of its own that uses the shared data once more is no snapshot's doing when it does so twice.
  auto twice = disk.bytes;
  put_big(twice, table + 8, 4, 2);
  put_big(twice, l1 + 8, 8, qcow2_disk::l2_table);
  refused(twice, error_code::amplification);
}

TEST_CASE("a qcow2's persistent bitmaps are followed to their bits") {
  qcow2_disk disk;
  disk.add_data(0);
  const auto directory = disk.add_bitmap();
  const auto table = directory + cluster;
  const auto bits = table + cluster;
  disk.finish();
  check_sound(disk.bytes, "qcow2", qcow2_disk::virtual_size);

  const auto wrong = [&disk](std::size_t offset, std::size_t width, std::uint64_t value, error_code code) {
    auto image = disk.bytes;
    put_big(image, offset, width, value);
    refused(image, code);
  };
  wrong(108, 4, 16, error_code::image_corrupt);
  wrong(112, 4, 0, error_code::image_corrupt);
  wrong(112, 4, 2, error_code::image_corrupt);
  wrong(116, 4, 1, error_code::image_corrupt);
  wrong(120, 8, 64, error_code::image_corrupt);
  wrong(120, 8, 0, error_code::image_corrupt);
  wrong(128, 8, directory + 8, error_code::image_corrupt);
  wrong(128, 8, 100 * cluster, error_code::image_truncated);
  wrong(128, 8, qcow2_disk::l1_table, error_code::overlapping_structures);
  wrong(directory, 8, 0, error_code::image_corrupt);
  wrong(directory, 8, table + 512, error_code::image_corrupt);
  wrong(directory, 8, 100 * cluster, error_code::image_truncated);
  wrong(directory, 8, directory, error_code::overlapping_structures);
  wrong(directory + 8, 4, 2, error_code::image_corrupt);
  wrong(directory + 8, 4, 0xFFFFFFFF, error_code::image_corrupt);
  wrong(directory + 12, 4, 8, error_code::image_corrupt);
  wrong(directory + 16, 1, 2, error_code::image_corrupt);
  wrong(directory + 17, 1, 8, error_code::image_corrupt);
  wrong(directory + 17, 1, 32, error_code::image_corrupt);
  wrong(directory + 18, 2, 0, error_code::image_corrupt);
  wrong(directory + 18, 2, 1000, error_code::image_corrupt);
  wrong(directory + 20, 4, 8, error_code::image_corrupt);
  wrong(table, 8, bits | 1, error_code::image_corrupt);
  wrong(table, 8, bits | 2, error_code::image_corrupt);
  wrong(table, 8, bits + 512, error_code::image_corrupt);
  wrong(table, 8, 100 * cluster, error_code::image_truncated);
  wrong(table, 8, first_data, error_code::overlapping_structures);
  wrong(qcow2_disk::refcount_block + 2 * (bits / cluster), 2, 0, error_code::image_corrupt);

  // In use, its length may be another; not consistent with the image, it is not looked at.
  auto in_use = disk.bytes;
  put_big(in_use, 24, 8, std::uint64_t{2} << 20);
  put_big(in_use, directory + 12, 4, 1);
  check_sound(in_use, "qcow2", std::uint64_t{2} << 20);
  auto stale = disk.bytes;
  put_big(stale, 88, 8, 0);
  put_big(stale, directory, 8, 100 * cluster);
  check_sound(stale, "qcow2", qcow2_disk::virtual_size);
}

TEST_CASE("a qcow2 that costs more memory or time than the operator allows is refused as too complex") {
  walk_policy policy;
  policy.memory = 16;
  check_unsound(small_qcow2().bytes, "qcow2", error_code::too_complex, "", policy);
  walk_policy hurried;
  hurried.time = std::chrono::milliseconds{0};
  auto disk = small_qcow2();
  put_big(disk.bytes, 36, 4, 65536);
  disk.bytes.resize(disk.bytes.size() + 65536 * 8);
  put_big(disk.bytes, 40, 8, 7 * cluster);
  put_big(disk.bytes, 7 * cluster, 8, qcow2_disk::l2_table | copied);
  for (std::size_t i = 0; i < 128; ++i)
    disk.put_count((7 + i) * cluster, 1);
  check_sound(disk.bytes, "qcow2", qcow2_disk::virtual_size);
  check_unsound(disk.bytes, "qcow2", error_code::too_complex, "", hurried);
}
