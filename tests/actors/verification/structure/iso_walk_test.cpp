// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/verification/structure/mutants.hpp"
#include "tests/actors/verification/structure/walking.hpp"
#include "tests/hostile/images/optical_disc.hpp"
#include "tests/hostile/images/raw_disk.hpp"

using namespace sluice::tests;
using namespace sluice::tests::hostile;
using namespace sluice::tests::hostile::optical_places;
using sluice::schemas::error_code;

namespace {

constexpr std::uint64_t disc_size = end * 2048;

void check_little(std::size_t offset, std::size_t width, std::uint64_t value, error_code code) {
  INFO("at " << offset);
  auto image = optical_disc();
  put_little(image, offset, width, value);
  check_unsound(image, "iso", code);
}
void check_both(std::size_t offset, std::size_t width, std::uint64_t value, error_code code) {
  INFO("at " << offset);
  auto image = optical_disc();
  put_both(image, offset, width, value);
  check_unsound(image, "iso", code);
}
/// Where the records of the root directory are: itself, its parent, the folder, the file.
constexpr std::size_t root_at = root * 2048;
constexpr std::size_t folder_record = root_at + 42 + 34;
constexpr std::size_t file_record = folder_record + 34;

}  // namespace

TEST_CASE("a disc with Rock Ridge, Joliet and a boot catalog is walked without a finding") {
  CHECK(check_sound(optical_disc(), "iso", disc_size).remarks.empty());
}

TEST_CASE("a bridge disc is walked by its UDF descriptors too") {
  CHECK(check_sound(bridge_disc(), "iso", disc_size).remarks.size() == 1);
  for (const std::size_t sector : {256, 258, 259}) {
    auto image = bridge_disc();
    put_byte(image, sector * 2048 + 100, 1);
    check_unsound(image, "iso", error_code::image_corrupt);
  }
  auto image = bridge_disc();
  put_little(image, 258 * 2048 + 192, 4, 41);
  seal_universal(image, 258);
  check_unsound(image, "iso", error_code::image_truncated);
  image = bridge_disc();
  put_little(image, 256 * 2048 + 20, 4, end);
  seal_universal(image, 256);
  check_unsound(image, "iso", error_code::image_truncated);
}

TEST_CASE("volume descriptors that contradict themselves, or have no end, are refused") {
  check_little(primary * 2048 + 80, 4, 63, error_code::image_corrupt);
  check_both(primary * 2048 + 80, 4, end + 1, error_code::image_truncated);
  check_both(primary * 2048 + 128, 2, 1000, error_code::image_corrupt);
  check_little(primary * 2048 + 158, 4, 1, error_code::image_corrupt);
  check_little(primary * 2048 + 156, 1, 0, error_code::image_corrupt);
  check_little(joliet * 2048 + 132, 4, 99, error_code::image_corrupt);
  check_little(terminator * 2048, 1, 77, error_code::image_corrupt);
  check_little(terminator * 2048 + 1, 1, 0, error_code::image_corrupt);
  check_little(primary * 2048, 1, 3, error_code::image_corrupt);
}

TEST_CASE("path tables that lie outside the file or differ are refused") {
  check_little(primary * 2048 + 140, 4, end, error_code::image_truncated);
  check_both(primary * 2048 + 132, 4, 0x7FFFFFFF, error_code::image_truncated);
  check_both(primary * 2048 + 132, 4, 0, error_code::image_corrupt);
  check_little(little_table * 2048 + 2, 4, folder, error_code::image_corrupt);
  check_little(big_table * 2048 + 15, 1, 99, error_code::image_corrupt);
  check_little(little_table * 2048 + 10, 1, 0, error_code::image_corrupt);
  auto image = optical_disc();
  put_little(image, little_table * 2048 + 12, 4, 0x7FFFFFF);
  put_big(image, big_table * 2048 + 12, 4, 0x7FFFFFF);
  check_unsound(image, "iso", error_code::image_truncated);
  image = optical_disc();
  put_little(image, little_table * 2048 + 16, 2, 3);
  put_big(image, big_table * 2048 + 16, 2, 3);
  check_unsound(image, "iso", error_code::image_corrupt);
}

TEST_CASE("a path table of which there is only one byte order is accepted") {
  auto image = optical_disc();
  put_big(image, primary * 2048 + 148, 4, 0);
  check_sound(image, "iso", disc_size);
}

TEST_CASE("directory records that are damaged or point past the end are refused") {
  check_both(file_record + 2, 4, end, error_code::image_truncated);
  check_both(file_record + 10, 4, 0xFFFFFFFF, error_code::image_truncated);
  check_little(file_record + 2, 4, 0, error_code::image_corrupt);
  check_little(file_record, 1, 20, error_code::image_corrupt);
  check_little(file_record + 32, 1, 200, error_code::image_corrupt);
  check_little(file_record + 32, 1, 0, error_code::image_corrupt);
  check_both(folder_record + 2, 4, end, error_code::image_truncated);
  check_both(folder_record + 10, 4, 0, error_code::image_corrupt);
  check_both(folder * 2048 + 2, 4, root, error_code::image_corrupt);
  check_little(folder * 2048, 1, 0, error_code::image_corrupt);
}

TEST_CASE("directories that hold each other are refused") {
  check_both(folder_record + 2, 4, root, error_code::overlapping_structures);
}

TEST_CASE("Rock Ridge entries that leave their record, or go on outside the file or for ever, are refused") {
  const auto entry = file_record + 33 + 7;
  check_little(entry + 2, 1, 200, error_code::image_corrupt);
  check_both(entry + 4, 4, end, error_code::image_truncated);
  check_both(entry + 20, 4, 0x7FFFFFFF, error_code::image_corrupt);
  auto image = optical_disc();
  // The continuation is an entry that continues at itself.
  put_text(image, continuation * 2048, std::string_view{"CE\x1c\x01", 4});
  put_both(image, continuation * 2048 + 4, 4, continuation);
  put_both(image, continuation * 2048 + 12, 4, 0);
  put_both(image, continuation * 2048 + 20, 4, 28);
  put_both(image, entry + 20, 4, 28);
  check_unsound(image, "iso", error_code::image_corrupt);
}

TEST_CASE("a boot catalog with a wrong checksum, an unknown entry or a boot image outside the file is refused") {
  check_little(boot * 2048 + 71, 4, end, error_code::image_truncated);
  check_little(catalog * 2048 + 5, 1, 1, error_code::image_corrupt);
  check_little(catalog * 2048 + 30, 1, 0, error_code::image_corrupt);
  check_little(catalog * 2048 + 32, 1, 0x42, error_code::image_corrupt);
  check_little(catalog * 2048 + 33, 1, 9, error_code::image_corrupt);
  check_little(catalog * 2048 + 40, 4, end, error_code::image_truncated);
  check_little(catalog * 2048 + 96 + 8, 4, end, error_code::image_truncated);
}

TEST_CASE("a hybrid's partitions may end in the last cylinder's rest, not lie outside the file") {
  auto image = optical_disc();
  put_mbr(image, end * 4 + 2048);
  check_sound(image, "iso", disc_size);
  put_mbr(image, end * 4 + 100'000);
  check_unsound(image, "iso", error_code::image_truncated);
}

TEST_CASE("an ISO image cut at any sector is refused") {
  const auto image = optical_disc();
  for (std::size_t sectors = 17; sectors < end; sectors += 13)
    check_unsound(std::span{image}.first(sectors * 2048), "iso", error_code::image_truncated);
}

TEST_CASE("no mutation of a disc makes the walk fall or hang") {
  walk_mutants(optical_disc(), "iso", 33 * 2048, 400);
  walk_mutants(bridge_disc(), "iso", 260 * 2048, 200);
  // Only the tables, where mutations hit more often.
  auto image = optical_disc();
  image.erase(image.begin() + 40 * 2048, image.end());
  put_both(image, primary * 2048 + 80, 4, 40);
  put_both(image, joliet * 2048 + 80, 4, 40);
  walk_mutants(image, "iso", 28 * 2048, 1000);
}
