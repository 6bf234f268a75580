// SPDX-License-Identifier: Apache-2.0
#include "tests/hostile/images/vmdk.hpp"

#include "tests/actors/verification/refusal.hpp"

using namespace sluice::tests;
using namespace sluice::tests::hostile;
using sluice::schemas::error_code;

namespace {
hostile::image_bytes text_file(std::string_view text) {
  hostile::image_bytes image;
  put_text(image, 0, text);
  return image;
}
hostile::image_bytes with_field(std::size_t offset, std::size_t width, std::uint64_t value) {
  auto image = vmdk_image();
  put_little(image, offset, width, value);
  return image;
}
}  // namespace

TEST_CASE("a sound VMDK is accepted, with its directory at the front or at the end") {
  check_accepted(vmdk_image(), "vmdk", 20480 * 512);
  check_accepted(stream_optimised_vmdk(), "vmdk", 20480 * 512);
}

TEST_CASE("a VMDK whose type keeps the data in other files is refused") {
  for (const std::string_view type :
       {"monolithicFlat", "vmfs", "vmfsSparse", "vmfsThin", "twoGbMaxExtentSparse", "twoGbMaxExtentFlat", "fullDevice",
        "partitionedDevice", "vmfsRaw", "custom", "MonolithicSparse", ""})
    check_refused(vmdk_image(vmdk_descriptor(type)), error_code::external_extent);
}

TEST_CASE("a VMDK with any extent but one SPARSE one in its own file is refused") {
  for (const std::string_view extents :
       {"RW 20480 FLAT \"disk.vmdk\" 0\n", "RW 20480 FLAT \"/etc/passwd\" 0\n", "RW 20480 SPARSE \"../disk.vmdk\"\n",
        "RW 20480 SPARSE \"a\\b.vmdk\"\n", "RW 20480 VMFS \"disk.vmdk\"\n", "RW 20480 ZERO\n", "RW 20480 SPARSE \"\"\n",
        "RW 20480 SPARSE \"a.vmdk\"\nRW 20480 SPARSE \"b.vmdk\"\n",
        "RW 20480 SPARSE \"a.vmdk\"\nRDONLY 8 FLAT \"/etc/passwd\" 0\n", "  RW\t20480 sparse \"a.vmdk\"\n"})
    check_refused(vmdk_image(vmdk_descriptor("monolithicSparse", extents)), error_code::external_extent);
}

TEST_CASE("a VMDK whose extent has another size than its header, or none, is refused") {
  check_refused(vmdk_image(vmdk_descriptor("monolithicSparse", "RW 20481 SPARSE \"a.vmdk\"\n")),
                error_code::image_corrupt);
  check_refused(vmdk_image(vmdk_descriptor("monolithicSparse", "RW -1 SPARSE \"a.vmdk\"\n")),
                error_code::image_corrupt);
  check_refused(vmdk_image(vmdk_descriptor("monolithicSparse", "")), error_code::image_corrupt);
}

TEST_CASE("a VMDK with a parent is refused, whichever way it is named") {
  const std::string_view extent = "RW 20480 SPARSE \"disk.vmdk\"\n";
  for (const std::string_view more : {"parentCID=12345678\n", "parentFileNameHint=\"/etc/passwd\"\n",
                                      "# parentFileNameHint=\"base.vmdk\"\n", "PARENTFILENAMEHINT=\"base.vmdk\"\n"})
    check_refused(vmdk_image(vmdk_descriptor("monolithicSparse", extent, more)), error_code::differencing_disk);
}

TEST_CASE("a VMDK that says its type twice, in a comment or in another case is refused") {
  const std::string_view extent = "RW 20480 SPARSE \"disk.vmdk\"\n";
  for (const std::string_view more : {"createType=\"monolithicFlat\"\n", "# createType=\"monolithicFlat\"\n",
                                      "CREATETYPE=\"monolithicFlat\"\n", "ddb.createType=\"monolithicFlat\"\n"})
    check_refused(vmdk_image(vmdk_descriptor("monolithicSparse", extent, more)), error_code::image_corrupt);
}

TEST_CASE("a VMDK whose descriptor has an unknown line is refused") {
  const std::string_view extent = "RW 20480 SPARSE \"disk.vmdk\"\n";
  check_refused(vmdk_image(vmdk_descriptor("monolithicSparse", extent, "rw 8 FLAT /etc/passwd\n")),
                error_code::image_corrupt);
  check_refused(vmdk_image(vmdk_descriptor("monolithicSparse", extent, "dataFile=\"/etc/passwd\"\n")),
                error_code::unknown_feature);
  check_refused(vmdk_image(vmdk_descriptor("monolithicSparse", extent, "changeTrackPath=\"x-ctk.vmdk\"\n")),
                error_code::external_extent);
}

TEST_CASE("a VMDK whose descriptor does not end in its place is refused") {
  auto image = vmdk_image();
  for (std::size_t i = 512 + vmdk_descriptor().size(); i < image.size(); ++i)
    put_byte(image, i, '\n');
  check_refused(image, error_code::image_corrupt);
}

TEST_CASE("a VMDK descriptor without the disk is refused") {
  check_refused(text_file(vmdk_descriptor("monolithicFlat", "RW 20480 FLAT \"/etc/passwd\" 0\n")),
                error_code::external_extent);
  check_refused(text_file("# hello\n\n  # again\nversion=1\ncreateType=\"vmfs\"\n"), error_code::external_extent);
}

TEST_CASE("a VMDK descriptor is no raw disk however lenient the operator is") {
  auto policy = declared("raw");
  policy.raw = sluice::schemas::raw_policy::any;
  check_refused(text_file("#x\nversion=1\ncreateType=\"vmfs\"\n"), error_code::format_mismatch, policy);
}

TEST_CASE("the old COWD format is refused") {
  check_refused(text_file("COWD and more"), error_code::unknown_feature);
}

TEST_CASE("a VMDK with an impossible header is refused") {
  check_refused(with_field(4, 4, 4), error_code::unknown_feature);
  check_refused(with_field(8, 4, 1U << 20), error_code::unknown_feature);
  check_refused(with_field(77, 2, 2), error_code::unknown_feature);
  check_refused(with_field(12, 8, 0), error_code::virtual_size_invalid);
  check_refused(with_field(12, 8, ~std::uint64_t{0}), error_code::image_corrupt);
  check_refused(with_field(20, 8, 0), error_code::image_corrupt);
  check_refused(with_field(20, 8, 100), error_code::image_corrupt);
  check_refused(with_field(44, 4, 0), error_code::image_corrupt);
  check_refused(with_field(28, 8, 0), error_code::external_extent);
  check_refused(with_field(28, 8, 2), error_code::external_extent);
  check_refused(with_field(36, 8, ~std::uint64_t{0}), error_code::external_extent);
}

TEST_CASE("a VMDK that was transferred as text is refused") {
  auto image = vmdk_image();
  put_text(image, 73, "\r\n\n ");
  check_refused(image, error_code::image_corrupt);
}

TEST_CASE("a VMDK whose directory is not in the file is refused as cut off") {
  check_refused(with_field(56, 8, 1000), error_code::image_truncated);
  check_refused(with_field(48, 8, ~std::uint64_t{0} - 1), error_code::image_truncated);
  auto image = vmdk_image();
  image.resize(700);
  check_refused(image, error_code::image_truncated);
}

TEST_CASE("a stream-optimised VMDK must end with a footer that agrees with its header") {
  auto image = stream_optimised_vmdk();
  image.resize(image.size() - 512);
  check_refused(image, error_code::image_truncated);
  image = stream_optimised_vmdk();
  put_little(image, image.size() - 1024 + 12, 8, 4096);
  check_refused(image, error_code::image_corrupt);
  image = stream_optimised_vmdk();
  put_little(image, image.size() - 1024 + 28, 8, 7);
  check_refused(image, error_code::image_corrupt);
  image = stream_optimised_vmdk();
  put_little(image, image.size() - 1536 + 12, 4, 2);
  check_refused(image, error_code::image_truncated);
  image = stream_optimised_vmdk();
  put_byte(image, image.size() - 1, 1);
  check_refused(image, error_code::image_truncated);
  image = stream_optimised_vmdk();
  put_little(image, image.size() - 1024 + 56, 8, 1 << 20);
  check_refused(image, error_code::image_truncated);
}
