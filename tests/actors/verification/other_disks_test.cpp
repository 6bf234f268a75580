// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/verification/refusal.hpp"
#include "tests/hostile/images/disc.hpp"
#include "tests/hostile/images/luks.hpp"
#include "tests/hostile/images/qed.hpp"
#include "tests/hostile/images/raw_disk.hpp"
#include "tests/hostile/images/virtual_box.hpp"

using namespace sluice::tests;
using namespace sluice::tests::hostile;
using sluice::schemas::error_code;
using sluice::schemas::raw_policy;

namespace {
hostile::image_bytes little(hostile::image_bytes image, std::size_t offset, std::size_t width, std::uint64_t value) {
  put_little(image, offset, width, value);
  return image;
}
hostile::image_bytes big(hostile::image_bytes image, std::size_t offset, std::size_t width, std::uint64_t value) {
  put_big(image, offset, width, value);
  return image;
}
hostile::image_bytes cut(hostile::image_bytes image, std::size_t length) {
  image.resize(length);
  return image;
}
hostile::image_bytes gpt_with(std::size_t offset, std::size_t width, std::uint64_t value, bool seal = true) {
  auto image = little(gpt_disk(), offset, width, value);
  if (seal)
    seal_gpt_header(image, 512);
  return image;
}
}  // namespace

TEST_CASE("a sound VDI is accepted with its virtual size") {
  check_accepted(vdi_image(), "vdi", 10 << 20);
}

TEST_CASE("a VDI that differs from a parent is refused by its type and by its parent's identifier") {
  check_refused(little(vdi_image(), 0x4C, 4, 3), error_code::differencing_disk);
  check_refused(little(vdi_image(), 0x4C, 4, 4), error_code::differencing_disk);
  check_refused(little(vdi_image(), 0x1A8, 4, 1), error_code::differencing_disk);
  check_refused(little(vdi_image(), 0x1B8, 4, 1), error_code::differencing_disk);
}

TEST_CASE("a VDI with an impossible header is refused") {
  check_refused(little(vdi_image(), 0x44, 4, 0x00010000), error_code::unknown_feature);
  check_refused(little(vdi_image(), 0x178, 4, 1 << 19), error_code::unknown_feature);
  check_refused(little(vdi_image(), 0x168, 4, 4096), error_code::image_corrupt);
  check_refused(little(vdi_image(), 0x158, 4, 0x200), error_code::image_corrupt);
  check_refused(little(vdi_image(), 0x184, 4, 11), error_code::image_corrupt);
  check_refused(little(vdi_image(), 0x180, 4, 0xFFFFFFFF), error_code::image_corrupt);
  check_refused(little(vdi_image(), 0x170, 8, (10 << 20) + 1), error_code::virtual_size_invalid);
  check_refused(little(vdi_image(), 0x170, 8, ~std::uint64_t{0}), error_code::virtual_size_invalid);
}

TEST_CASE("a VDI that was cut off is refused") {
  check_refused(little(vdi_image(), 0x184, 4, 1), error_code::image_truncated);
  check_refused(cut(vdi_image(), 300), error_code::image_truncated);
}

TEST_CASE("a sound QED image is accepted with its virtual size") {
  check_accepted(qed_image(), "qed", 10 << 20);
}

TEST_CASE("a QED image with a backing file, an unknown feature or in need of a check is refused") {
  check_refused(little(qed_image(), 16, 8, 1), error_code::backing_file);
  check_refused(little(qed_image(), 16, 8, 2), error_code::image_corrupt);
  check_refused(little(qed_image(), 16, 8, 4), error_code::backing_file);
  check_refused(little(qed_image(), 16, 8, 8), error_code::unknown_feature);
}

TEST_CASE("a QED image with an impossible header or cut off is refused") {
  check_refused(little(qed_image(), 4, 4, 0), error_code::image_corrupt);
  check_refused(little(qed_image(), 8, 4, 32), error_code::image_corrupt);
  check_refused(little(qed_image(), 40, 8, 8), error_code::image_corrupt);
  check_refused(little(qed_image(), 48, 8, ~std::uint64_t{511}), error_code::virtual_size_invalid);
  check_refused(cut(qed_image(), 65536), error_code::image_truncated);
}

TEST_CASE("a LUKS volume is accepted with the size of its payload") {
  check_accepted(luks_image(), "luks", 1 << 20);
}

TEST_CASE("a LUKS volume whose header asks for endless work or points elsewhere is refused") {
  check_refused(big(luks_image(), 6, 2, 3), error_code::unknown_feature);
  check_refused(big(luks_image(), 108, 4, 1 << 20), error_code::image_corrupt);
  check_refused(big(luks_image(), 164, 4, 0xFFFFFFFF), error_code::image_corrupt);
  check_refused(big(luks_image(), 212, 4, 0xFFFFFFFF), error_code::image_corrupt);
  check_refused(big(luks_image(), 248, 4, 0xFFFFFFFF), error_code::image_corrupt);
  check_refused(big(luks_image(), 252, 4, 0xFFFFFFFF), error_code::image_corrupt);
  check_refused(big(luks_image(), 208, 4, 1), error_code::image_corrupt);
  check_refused(cut(luks_image(), 2 << 20), error_code::image_truncated);
}

TEST_CASE("a LUKS volume that is declared raw is a raw disk, encrypted as a whole, where the operator says so") {
  const auto image = luks_image();
  check_refused(image, error_code::format_mismatch, declared("raw"));
  for (const auto policy : {raw_policy::recognised, raw_policy::any}) {
    auto either = declared("raw");
    either.raw = policy;
    either.accept_encrypted_raw = true;
    check_accepted(image, "raw", image.size(), either);
    check_accepted(image, "raw", image.size(), either);
    check_refused(big(luks_image(), 164, 4, 0xFFFFFFFF), error_code::image_corrupt, either);
    check_refused(big(luks_image(), 6, 2, 3), error_code::unknown_feature, either);
  }
}

TEST_CASE("an operator who takes no LUKS volumes takes none that are declared raw") {
  auto policy = declared("raw");
  policy.accept_encrypted_raw = true;
  policy.formats = {"raw", "qcow2"};
  check_refused(luks_image(), error_code::format_mismatch, policy);
  policy.formats = {"luks"};
  check_refused(luks_image(), error_code::format_not_allowed, policy);
}

TEST_CASE("a sound ISO image is accepted with its length") {
  check_accepted(iso_image(), "iso", 64 * 2048);
}

TEST_CASE("an ISO image with a partition table is an ISO image") {
  auto image = iso_image();
  put_mbr(image, 256);
  check_accepted(image, "iso", 64 * 2048);
}

TEST_CASE("an ISO image shorter than its volume, or that contradicts itself, is refused") {
  check_refused(cut(iso_image(), 63 * 2048), error_code::image_truncated);
  check_refused(cut(iso_image(), 17 * 2048), error_code::image_truncated);
  check_refused(little(iso_image(), 32768 + 80, 4, 63), error_code::image_corrupt);
  check_refused(little(iso_image(), 32768 + 128, 2, 1000), error_code::image_corrupt);
  check_refused(little(iso_image(), 34816, 1, 77), error_code::image_corrupt);
}

TEST_CASE("a disk with a master boot record or a GUID partition table is raw") {
  check_accepted(mbr_disk(), "raw", 1 << 20);
  check_accepted(gpt_disk(), "raw", 1 << 20);
}

TEST_CASE("a boot signature alone does not make a raw disk") {
  check_refused(little(hostile::image_bytes(1 << 20), 510, 2, 0xAA55), error_code::raw_unrecognised);
  check_refused(little(mbr_disk(), 446, 1, 0x42), error_code::raw_unrecognised);
  check_refused(little(mbr_disk(), 458, 4, 0), error_code::raw_unrecognised);
}

TEST_CASE("a disk shorter than its partitions is refused as cut off") {
  check_refused(cut(mbr_disk(), (1 << 20) - 512), error_code::image_truncated);
  check_refused(cut(gpt_disk(), (1 << 20) - 512), error_code::image_truncated);
  stream_inspection inspection{{}};
  inspection.announce_total(512 << 10);
  const auto disk = mbr_disk();
  const auto fed = inspection.feed(std::span{disk}.first(80 << 10));
  REQUIRE_FALSE(fed.has_value());
  CHECK(fed.error().code == error_code::image_truncated);
}

TEST_CASE("a GUID partition table with a wrong checksum or place is refused") {
  check_refused(gpt_with(512 + 56, 8, 1, false), error_code::image_corrupt);
  check_refused(gpt_with(1024 + 60, 1, 1, false), error_code::image_corrupt);
  check_refused(gpt_with(512 + 8, 4, 2), error_code::image_corrupt);
  check_refused(gpt_with(512 + 24, 8, 2), error_code::image_corrupt);
  check_refused(gpt_with(512 + 32, 8, 1), error_code::image_corrupt);
  check_refused(gpt_with(512 + 84, 4, 100), error_code::image_corrupt);
  check_refused(gpt_with(512 + 80, 4, 0xFFFFFFFF), error_code::image_corrupt);
  check_refused(gpt_with(512, 4, 0, false), error_code::image_corrupt);
}

TEST_CASE("a GUID partition table with a damaged backup header is refused") {
  auto image = gpt_disk();
  put_byte(image, image.size() - 512 + 60, 1);
  check_refused(image, error_code::image_corrupt);
}
