// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/verification/structure/walking.hpp"
#include "tests/hostile/images/vmdk_grains.hpp"

using namespace sluice::tests;
using namespace sluice::tests::hostile;
using sluice::schemas::error_code;
using places = vmdk_places;

namespace {

constexpr std::uint64_t size = 10 << 20;
constexpr std::uint64_t grain_bytes = 64 << 10;

hostile::image_bytes sparse_with(std::size_t offset, std::size_t width, std::uint64_t value) {
  auto image = vmdk_with_grains();
  put_little(image, offset, width, value);
  return image;
}

}  // namespace

TEST_CASE("a sound sparse VMDK is walked, empty or with grains") {
  CHECK(check_sound(vmdk_image(), "vmdk", size).allocated == 0);
  CHECK(check_sound(vmdk_with_grains(), "vmdk", size).allocated == 3 * grain_bytes);
  CHECK(check_sound(vmdk_with_grains(), "vmdk", size).remarks.empty());
}

TEST_CASE("a VMDK that was not closed properly but is sound is accepted with a remark") {
  CHECK(check_sound(sparse_with(72, 1, 1), "vmdk", size).remarks.size() == 1);
}

TEST_CASE("a VMDK cut off at any sector before its last is refused") {
  const auto image = vmdk_with_grains();
  for (std::size_t length = 0; length < image.size(); length += length < 20'000 ? 512 : 10'240)
    if (const auto found = walk(std::span{image}.first(length), "vmdk"))
      FAIL("accepted at " << length);
    else if (found.error().code != error_code::image_truncated)
      FAIL("at " << length << ": " << found.error().message);
}

TEST_CASE("a VMDK whose pointers leave the file or hit another part is refused") {
  const auto sectors = vmdk_with_grains().size() / 512;
  check_unsound(sparse_with(56, 8, sectors), "vmdk", error_code::image_truncated, "grain directory");
  check_unsound(sparse_with(48, 8, sectors), "vmdk", error_code::image_truncated, "redundant");
  check_unsound(sparse_with(56, 8, std::uint64_t{1} << 62), "vmdk", error_code::image_truncated);
  check_unsound(sparse_with(48, 8, std::uint64_t{1} << 62), "vmdk", error_code::image_truncated);
  check_unsound(sparse_with(56, 8, 5), "vmdk", error_code::overlapping_structures, "descriptor");
  check_unsound(sparse_with(56, 8, places::redundant_directory), "vmdk", error_code::overlapping_structures);
  check_unsound(sparse_with(places::directory * 512, 4, sectors - 1), "vmdk", error_code::image_truncated, "table");
  check_unsound(sparse_with(places::directory * 512, 4, places::redundant_directory), "vmdk",
                error_code::overlapping_structures, "redundant grain directory");
  check_unsound(sparse_with(places::redundant_directory * 512, 4, places::table), "vmdk",
                error_code::overlapping_structures, "grain table");
  check_unsound(sparse_with(64, 8, sectors + 1), "vmdk", error_code::image_truncated);
  auto image = vmdk_with_grains();
  put_grain_entry(image, 7, sectors - 1);
  check_unsound(image, "vmdk", error_code::image_truncated, "a grain");
  put_grain_entry(image, 7, 0xFFFFFFFF);
  check_unsound(image, "vmdk", error_code::image_truncated, "a grain");
  put_grain_entry(image, 7, places::table);
  check_unsound(image, "vmdk", error_code::overlapping_structures, "grain table");
  put_grain_entry(image, 7, 1);
  check_unsound(image, "vmdk", error_code::overlapping_structures, "descriptor");
}

TEST_CASE("a VMDK that uses a grain twice, in whole or in part, is refused") {
  auto image = vmdk_with_grains();
  put_grain_entry(image, 7, places::grains);
  check_unsound(image, "vmdk", error_code::overlapping_structures, "grain");
  put_grain_entry(image, 7, places::grains + 1);
  check_unsound(image, "vmdk", error_code::overlapping_structures, "grain");
}

TEST_CASE("an entry of 1 is a grain of zeros where the header says so, and the descriptor's sector where not") {
  auto image = vmdk_with_grains();
  put_grain_entry(image, 7, 1);
  put_little(image, 8, 4, 7);
  CHECK(check_sound(image, "vmdk", size).allocated == 3 * grain_bytes);
}

TEST_CASE("a VMDK whose redundant directory or tables differ from the primary is refused, unless it has none") {
  auto image = sparse_with(places::redundant_table * 512, 4, 0);
  check_unsound(image, "vmdk", error_code::image_corrupt, "redundant copy");
  image = sparse_with(places::redundant_directory * 512, 4, 0);
  check_unsound(image, "vmdk", error_code::image_corrupt, "differ");
  put_little(image, 8, 4, 1);
  CHECK(check_sound(image, "vmdk", size).allocated == 3 * grain_bytes);
  check_unsound(sparse_with(places::directory * 512, 4, 0), "vmdk", error_code::image_corrupt, "differ");
}

TEST_CASE("a VMDK that names grains behind the end of its disk is refused") {
  auto image = vmdk_with_grains();
  put_grain_entry(image, 160, places::grains);
  check_unsound(image, "vmdk", error_code::image_corrupt, "behind the end");
}

TEST_CASE("a VMDK whose capacity is more than its directory covers is refused, however large the claim") {
  // A directory for 2^53 sectors would be longer than the file.
  auto image = vmdk_image(vmdk_descriptor("monolithicSparse", "RW 9007199254740992 SPARSE \"disk.vmdk\"\n"));
  put_little(image, 12, 8, std::uint64_t{1} << 53);
  check_unsound(image, "vmdk", error_code::image_truncated);
}

TEST_CASE("a VMDK whose header no reader takes is refused") {
  check_unsound(sparse_with(44, 4, 1024), "vmdk", error_code::unknown_feature, "512 entries");
  check_unsound(sparse_with(77, 2, 1), "vmdk", error_code::image_corrupt, "compressed");
  check_unsound(sparse_with(8, 4, 0x10003), "vmdk", error_code::image_corrupt, "compressed");
  auto image = sparse_with(8, 4, 0x10003);
  put_little(image, 77, 2, 1);
  check_unsound(image, "vmdk", error_code::unknown_feature, "markers");
  check_unsound(sparse_with(0, 4, 0), "vmdk", error_code::external_extent);
  check_unsound(sparse_with(12, 8, 0), "vmdk", error_code::virtual_size_invalid);
}

TEST_CASE("a VMDK whose descriptor names another file is refused by the walk too") {
  check_unsound(vmdk_image(vmdk_descriptor("monolithicFlat", "RW 20480 FLAT \"/etc/passwd\" 0\n")), "vmdk",
                error_code::external_extent);
  check_unsound(vmdk_image(vmdk_descriptor("monolithicSparse", "RW 20480 SPARSE \"disk.vmdk\"\n",
                                           "parentFileNameHint=\"base.vmdk\"\n")),
                "vmdk", error_code::differencing_disk);
  check_unsound(vmdk_image(std::string(20 * 512, '#')), "vmdk", error_code::image_corrupt, "no end");
  check_unsound(vmdk_image(""), "vmdk", error_code::external_extent);
}

TEST_CASE("a VMDK whose descriptor has no content identity that QEMU can read is refused") {
  for (const std::string_view wrong : {"CID=%2345678", "CID=", "NID=12345678", "#ID=12345678\n# CID=no"}) {
    auto text = vmdk_descriptor();
    text.replace(text.find("CID=12345678"), 12, wrong);
    INFO(text);
    CHECK_FALSE(walk(vmdk_image(text), "vmdk"));
  }
  auto text = vmdk_descriptor();
  text.replace(text.find("parentCID=ffffffff\n"), 19, "");
  check_unsound(vmdk_image(text), "vmdk", error_code::image_corrupt, "content identity");
}

TEST_CASE("a VMDK larger than the operator takes is refused") {
  walk_policy policy;
  policy.max_virtual_size = size - 1;
  check_unsound(vmdk_image(), "vmdk", error_code::virtual_size_too_large, "", policy);
  policy.max_virtual_size = size;
  check_sound(vmdk_image(), "vmdk", size, policy);
}

TEST_CASE("a sound stream-optimised VMDK is walked, by its tables and by its markers") {
  CHECK(check_sound(sound_vmdk_stream().image, "vmdk", size).allocated == 3 * grain_bytes);
  vmdk_stream empty;
  empty.put_tables();
  empty.put_footer();
  CHECK(check_sound(empty.image, "vmdk", size).allocated == 0);
}

TEST_CASE("a stream-optimised VMDK cut off anywhere is refused") {
  const auto image = sound_vmdk_stream().image;
  for (std::size_t length = 0; length < image.size(); length += 512 - (length % 2048 == 0 ? 1 : 0))
    if (walk(std::span{image}.first(length), "vmdk"))
      FAIL("accepted at " << length);
}

TEST_CASE("a compressed grain that says it belongs elsewhere, or is elsewhere, is refused") {
  auto image = sound_vmdk_stream().image;
  put_little(image, places::grains * 512, 8, 128);
  check_unsound(image, "vmdk", error_code::image_corrupt, "elsewhere");
  auto stream = sound_vmdk_stream();
  put_little(stream.image, stream.table_sector * 512, 4, places::grains + 1);
  check_unsound(stream.image, "vmdk", error_code::image_corrupt);
}

TEST_CASE("a compressed grain that is too short, too long, broken or a bomb is refused") {
  const auto with_grain = [](std::size_t index, const hostile::image_bytes& packed) {
    vmdk_stream stream;
    stream.put_grain(index, packed, index * places::grain);
    stream.put_tables();
    stream.put_footer();
    return stream.image;
  };
  const auto packed = stored_zlib(hostile::image_bytes(grain_bytes, std::byte{1}));
  check_sound(with_grain(5, packed), "vmdk", size);
  check_unsound(with_grain(5, stored_zlib(hostile::image_bytes(grain_bytes - 1))), "vmdk", error_code::image_corrupt,
                "shorter");
  check_unsound(with_grain(5, stored_zlib(hostile::image_bytes(grain_bytes + 1))), "vmdk", error_code::image_corrupt,
                "longer");
  check_unsound(with_grain(5, hostile::image_bytes(700, std::byte{0xFF})), "vmdk", error_code::image_corrupt,
                "cannot be decompressed");
  auto shorter = packed;
  shorter.resize(packed.size() - 5);
  check_unsound(with_grain(5, shorter), "vmdk", error_code::image_corrupt, "cannot be decompressed");
  auto wrong_sum = packed;
  wrong_sum.back() ^= std::byte{1};
  check_unsound(with_grain(5, wrong_sum), "vmdk", error_code::image_corrupt, "cannot be decompressed");
  check_unsound(with_grain(5, hostile::image_bytes(2 * grain_bytes)), "vmdk", error_code::image_corrupt,
                "impossible length");
  // A mebibyte of zeros by RFC 1951: fixed codes, one literal, then matches of 258 at distance 1.
  hostile::image_bytes bomb;
  put_big(bomb, 0, 2, 0x7801);
  put_byte(bomb, 2, 0x63);
  put_byte(bomb, 3, 0xE0);
  bomb.resize(bomb.size() + 5000, std::byte{0x18});
  const auto found = walk(with_grain(5, bomb), "vmdk");
  REQUIRE_FALSE(found.has_value());
  CHECK(found.error().code == error_code::image_corrupt);
}

TEST_CASE("the last grain may be as short as the disk, and no shorter") {
  vmdk_stream stream;
  stream.image = vmdk_image(vmdk_descriptor("streamOptimized", "RW 20479 SPARSE \"disk.vmdk\"\n"));
  stream.put_header(0, ~std::uint64_t{0});
  stream.put_grain(159, 127 * 512);
  stream.put_tables();
  stream.put_footer();
  put_little(stream.image, 12, 8, 20479);
  put_little(stream.image, stream.footer_sector * 512 + 12, 8, 20479);
  CHECK(check_sound(stream.image, "vmdk", 20479 * 512).allocated == 127 * 512);
  vmdk_stream shorter;
  shorter.put_grain(159, 127 * 512);
  shorter.put_tables();
  shorter.put_footer();
  check_unsound(shorter.image, "vmdk", error_code::image_corrupt, "shorter");
}

TEST_CASE("a stream whose markers and tables do not tell the same is refused") {
  vmdk_stream hidden;  // a grain that a reader of the stream would write to the disk, and a reader of the tables not
  hidden.put_grain(0);
  hidden.put_grain(3);
  put_little(hidden.table, 3 * 4, 4, 0);
  hidden.put_tables();
  hidden.put_footer();
  check_unsound(hidden.image, "vmdk", error_code::image_corrupt, "tables do not have");

  vmdk_stream unknown;
  unknown.put_grain(0);
  unknown.put_marker(1, 9);
  unknown.put_tables();
  unknown.put_footer();
  check_unsound(unknown.image, "vmdk", error_code::image_corrupt, "not known");

  vmdk_stream early;
  early.put_marker(0, 0);
  early.put_grain(0);
  early.put_tables();
  early.put_footer();
  check_unsound(early.image, "vmdk", error_code::image_corrupt, "ends before");

  vmdk_stream two_footers;
  two_footers.put_grain(0);
  two_footers.put_tables();
  two_footers.put_footer();
  two_footers.put_footer();
  check_unsound(two_footers.image, "vmdk", error_code::image_corrupt, "not at its end");

  auto stream = sound_vmdk_stream();
  put_little(stream.image, (stream.table_sector - 1) * 512, 8, 5);
  check_unsound(stream.image, "vmdk", error_code::image_corrupt, "impossible length");
  stream = sound_vmdk_stream();
  put_little(stream.image, (stream.directory_sector - 1) * 512, 8, ~std::uint64_t{0});
  check_unsound(stream.image, "vmdk", error_code::image_corrupt, "impossible length");
  stream = sound_vmdk_stream();
  put_little(stream.image, 64, 8, stream.here());
  check_unsound(stream.image, "vmdk", error_code::image_corrupt);
}

TEST_CASE("a stream whose directory is not the one that its footer names is refused") {
  vmdk_stream stream;
  stream.put_grain(0);
  stream.put_tables();
  stream.put_tables();
  stream.directory_sector -= 7;
  stream.put_footer();
  check_unsound(stream.image, "vmdk", error_code::image_corrupt, "not where its footer says");
}

TEST_CASE("a footer that contradicts its header is refused") {
  for (const auto& [offset, value] : std::vector<std::pair<std::size_t, std::uint64_t>>{
           {8, 0x30003}, {12, 20000}, {20, 64}, {36, 19}, {44, 256}, {56, 1 << 30}, {77, 0}}) {
    INFO(offset);
    auto stream = sound_vmdk_stream();
    put_little(stream.image, stream.footer_sector * 512 + offset, offset == 77 ? 1 : 4, value);
    CHECK_FALSE(walk(stream.image, "vmdk"));
  }
}
