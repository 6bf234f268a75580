// SPDX-License-Identifier: Apache-2.0
#include "tests/hostile/images/qcow2.hpp"

#include "tests/actors/verification/refusal.hpp"

using namespace sluice::tests;
using namespace sluice::tests::hostile;
using sluice::schemas::error_code;

namespace {
hostile::image_bytes with_feature(std::uint64_t bits) {
  auto image = qcow2_image();
  put_big(image, 72, 8, bits);
  return image;
}
hostile::image_bytes with_field(std::size_t offset, std::size_t width, std::uint64_t value) {
  auto image = qcow2_image();
  put_big(image, offset, width, value);
  return image;
}
}  // namespace

TEST_CASE("a sound qcow2 is accepted with its virtual size") {
  check_accepted(qcow2_image(), "qcow2", 10 << 20);
}

TEST_CASE("a qcow2 with a backing file is refused within its first kibibyte") {
  auto image = with_field(8, 8, 1024);
  put_big(image, 16, 4, 11);
  put_text(image, 1024, "/etc/passwd");
  check_refused(image, error_code::backing_file);
  stream_inspection inspection{{}};
  CHECK_FALSE(inspection.feed(std::span{image}.first(1024)).has_value());
}

TEST_CASE("a qcow2 that only names the length or the format of a backing file is refused") {
  check_refused(with_field(16, 4, 11), error_code::backing_file);
  auto image = qcow2_image();
  put_qcow2_extension(image, 0xE2792ACA, "raw");
  check_refused(image, error_code::backing_file);
}

TEST_CASE("a qcow2 with an external data file is refused by its bit and by its extension") {
  check_refused(with_feature(4), error_code::external_data_file);
  auto image = qcow2_image();
  put_qcow2_extension(image, 0x44415441, "/etc/shadow");
  check_refused(image, error_code::external_data_file);
}

TEST_CASE("a qcow2 with any unknown incompatible feature is refused") {
  for (int bit = 5; bit < 64; ++bit)
    check_refused(with_feature(std::uint64_t{1} << bit), error_code::unknown_feature);
}

TEST_CASE("unknown compatible and autoclear features of a qcow2 do no harm") {
  auto image = qcow2_image();
  put_big(image, 80, 8, ~std::uint64_t{0});
  put_big(image, 88, 8, ~std::uint64_t{0});
  check_accepted(image, "qcow2", 10 << 20);
}

TEST_CASE("a qcow2 that is marked dirty or corrupt is refused") {
  check_refused(with_feature(1), error_code::image_corrupt);
  check_refused(with_feature(2), error_code::image_corrupt);
}

TEST_CASE("a qcow2 of an unknown version is refused") {
  check_refused(with_field(4, 4, 4), error_code::unknown_feature);
  check_refused(with_field(4, 4, 0), error_code::unknown_feature);
}

TEST_CASE("the first qcow format is named and refused") {
  check_refused(with_field(4, 4, 1), error_code::format_not_allowed);
}

TEST_CASE("a qcow2 with impossible geometry is refused") {
  check_refused(with_field(20, 4, 8), error_code::image_corrupt);
  check_refused(with_field(20, 4, 22), error_code::image_corrupt);
  check_refused(with_field(20, 4, 0xFFFFFFFF), error_code::image_corrupt);
  check_refused(with_field(100, 4, 96), error_code::image_corrupt);
  check_refused(with_field(100, 4, 0xFFFFFFF8), error_code::image_corrupt);
  check_refused(with_field(96, 4, 7), error_code::image_corrupt);
}

TEST_CASE("a qcow2 whose tables are too long, unaligned or on top of each other is refused") {
  check_refused(with_field(36, 4, 0x7FFFFFFF), error_code::image_corrupt);
  check_refused(with_field(56, 4, 0x7FFFFFFF), error_code::image_corrupt);
  check_refused(with_field(40, 8, 3 * 65536 + 8), error_code::image_corrupt);
  check_refused(with_field(48, 8, 100), error_code::image_corrupt);
  check_refused(with_field(40, 8, 65536), error_code::image_corrupt);
  check_refused(with_field(40, 8, 0xFFFFFFFFFFFF0000), error_code::image_corrupt);
}

TEST_CASE("a qcow2 whose virtual size is more than its L1 table covers is refused") {
  check_refused(with_field(24, 8, (std::uint64_t{512} << 20) + 1), error_code::virtual_size_invalid);
  check_refused(with_field(24, 8, ~std::uint64_t{0}), error_code::virtual_size_invalid);
}

TEST_CASE("a qcow2 without any virtual size is refused") {
  auto image = with_field(24, 8, 0);
  check_refused(image, error_code::virtual_size_invalid);
}

TEST_CASE("a qcow2 over the limit of virtual size is refused by its header") {
  inspection_policy policy;
  policy.max_virtual_size = 1 << 20;
  const auto image = qcow2_image();
  check_refused(image, error_code::virtual_size_too_large, policy);
  stream_inspection inspection{policy};
  CHECK_FALSE(inspection.feed(std::span{image}.first(512)).has_value());
}

TEST_CASE("a qcow2 that was cut off before its tables is refused, at once when its length is known") {
  auto image = qcow2_image();
  image.resize(3 * 65536);
  check_refused(image, error_code::image_truncated);
  image.resize(40);
  check_refused(image, error_code::image_truncated);
  stream_inspection inspection{{}};
  inspection.announce_total(3 * 65536);
  image = qcow2_image();
  const auto fed = inspection.feed(std::span{image}.first(512));
  REQUIRE_FALSE(fed.has_value());
  CHECK(fed.error().code == error_code::image_truncated);
}

TEST_CASE("a qcow2 with the old encryption is refused, one with LUKS inside is not") {
  check_refused(with_field(32, 4, 1), error_code::image_encrypted);
  check_refused(with_field(32, 4, 3), error_code::unknown_feature);
  check_accepted(with_field(32, 4, 2), "qcow2", 10 << 20);
}

TEST_CASE("a qcow2 whose compression is unknown or contradicts its feature bit is refused") {
  auto image = with_feature(8);
  put_big(image, 100, 4, 112);
  put_byte(image, 104, 1);
  check_accepted(image, "qcow2", 10 << 20);
  put_byte(image, 104, 2);
  check_refused(image, error_code::unknown_feature);
  put_byte(image, 104, 0);
  check_refused(image, error_code::image_corrupt);
}
