// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/stream_inspection.hpp"

#include "tests/actors/verification/refusal.hpp"
#include "tests/hostile/images/disc.hpp"
#include "tests/hostile/images/luks.hpp"
#include "tests/hostile/images/qcow2.hpp"
#include "tests/hostile/images/qed.hpp"
#include "tests/hostile/images/raw_disk.hpp"
#include "tests/hostile/images/vhd.hpp"
#include "tests/hostile/images/vhdx.hpp"
#include "tests/hostile/images/virtual_box.hpp"
#include "tests/hostile/images/vmdk.hpp"

using namespace sluice::tests;
using namespace sluice::tests::hostile;
using sluice::schemas::error_code;
using sluice::schemas::raw_policy;

namespace {

hostile::image_bytes starting_with(std::string_view text, std::size_t length = 1 << 20, std::size_t at = 0) {
  std::mt19937 random{1};
  hostile::image_bytes image(length);
  for (auto& byte : image)
    byte = static_cast<std::byte>(random());
  put_text(image, at, text);
  return image;
}

std::string message_for(const hostile::image_bytes& image, const inspection_policy& policy = {}) {
  const auto judged = judge(image, policy);
  return judged ? "accepted as " + judged->disk_format : judged.error().message;
}

const std::vector<std::pair<std::string, hostile::image_bytes>>& sound_images() {
  static const std::vector<std::pair<std::string, hostile::image_bytes>> images{
      {"qcow2", qcow2_image()}, {"vmdk", vmdk_image()}, {"vmdk", stream_optimised_vmdk()},
      {"vhd", dynamic_vhd()},   {"vhdx", vhdx_image()}, {"vdi", vdi_image()},
      {"qed", qed_image()},     {"luks", luks_image()}, {"iso", iso_image()},
      {"raw", mbr_disk()},      {"raw", gpt_disk()}};
  return images;
}

}  // namespace

TEST_CASE("the verdict does not depend on how the bytes are cut into chunks") {
  for (const auto& [format, image] : sound_images()) {
    const auto whole = judge(image);
    INFO(format << ": " << (whole ? "" : whole.error().message));
    REQUIRE(whole.has_value());
    CHECK(whole->disk_format == format);
    CHECK(judge_byte_by_byte(image) == whole);
    for (std::uint32_t seed = 0; seed < 20; ++seed)
      CHECK(judge_in_random_chunks(image, seed) == whole);
    CHECK(judge_in_chunks(
              {}, image, [&] { return image.size(); }, true) == whole);
  }
}

TEST_CASE("an image cut off anywhere is never accepted, and refused alike in every cut into chunks") {
  std::mt19937 random{11};
  for (const auto& [format, image] : sound_images()) {
    if (format == "luks" || format == "qed")
      continue;  // these do not say how long they are: only their headers and tables can be missed
    for (int round = 0; round < 12; ++round) {
      auto shorter = image;
      shorter.resize(random() % (format == "vhdx" ? (3 << 20) : image.size()));
      const auto whole = judge(shorter);
      INFO(format << " of " << shorter.size());
      CHECK_FALSE(whole.has_value());
      CHECK(judge_in_random_chunks(shorter, random()) == whole);
    }
  }
}

TEST_CASE("a declared format is compared with the content and never believed") {
  for (const auto& [format, image] : sound_images()) {
    INFO(format);
    CHECK(judge(image, declared(format)).has_value());
    for (const std::string other : {"raw", "qcow2", "vmdk", "vhd", "vhdx", "vdi", "qed", "luks", "iso", "aki", "ari",
                                    "ploop", "docker", "QCOW2", ""}) {
      if (other == format)
        continue;
      const auto judged = judge(image, declared(other));
      INFO(other);
      REQUIRE_FALSE(judged.has_value());
      CHECK(judged.error().code == error_code::format_mismatch);
      CHECK(judged.error().field == "/image_properties/disk_format");
    }
  }
}

TEST_CASE("a declared raw that is another format is refused within its first kibibyte") {
  const auto image = qcow2_image();
  stream_inspection inspection{declared("raw")};
  const auto fed = inspection.feed(std::span{image}.first(1024));
  REQUIRE_FALSE(fed.has_value());
  CHECK(fed.error().code == error_code::format_mismatch);
  CHECK(fed.error().message.find("a qcow2 image") != std::string::npos);
  const auto again = inspection.feed(std::span{image}.first(1));
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error() == fed.error());
}

TEST_CASE("an operator who takes any raw still gets no other format under that name") {
  auto policy = declared("raw");
  policy.raw = raw_policy::any;
  for (const auto& [format, image] : sound_images())
    if (format != "raw")
      check_refused(image, error_code::format_mismatch, policy);
  check_accepted(starting_with(""), "raw", 1 << 20, policy);
  check_refused(starting_with("\x1f\x8b"), error_code::not_an_image, policy);
}

TEST_CASE("only the operator's formats are accepted") {
  for (const auto& [format, image] : sound_images()) {
    inspection_policy policy;
    policy.formats = {"ova"};
    check_refused(image, error_code::format_not_allowed, policy);
    policy.formats = {format};
    CHECK(judge(image, policy).has_value());
  }
}

TEST_CASE("a file that is two formats at once is refused") {
  auto vdi_in_boot_sector = mbr_disk();
  put_text(vdi_in_boot_sector, 64, "\x7f\x10\xda\xbe");
  check_refused(vdi_in_boot_sector, error_code::ambiguous_format);
  for (const auto& [format, image] : sound_images()) {
    INFO(format);
    if (format != "raw") {
      auto with_footer = image;
      if (format != "vhd") {
        put_vhd_footer(with_footer, with_footer.size(), with_footer.size(), 2);
        check_refused(with_footer, error_code::ambiguous_format);
      }
    }
    if (format != "raw" && format != "iso") {
      auto with_disc = image;
      put_iso(with_disc);
      check_refused(with_disc, error_code::ambiguous_format);
      auto with_vdi = image;
      put_text(with_vdi, 64, "\x7f\x10\xda\xbe");
      if (format == "qcow2" || format == "qed")
        check_refused(with_vdi, error_code::ambiguous_format);
    }
    if (format == "qcow2" || format == "qed" || format == "luks" || format == "vdi") {
      auto with_boot_sector = image;
      put_mbr(with_boot_sector, 100);
      CHECK_FALSE(judge(with_boot_sector).has_value());
    }
  }
}

TEST_CASE("an Apple disk image is refused by its trailer") {
  auto image = mbr_disk();
  const auto at = image.size();
  image.resize(at + 512);
  put_text(image, at, "koly");
  put_big(image, at + 4, 4, 4);
  put_big(image, at + 8, 4, 512);
  check_refused(image, error_code::format_not_allowed);
}

TEST_CASE("what is no image is named, with what to do") {
  using namespace std::string_literals;
  const std::vector<std::pair<std::string, std::string>> contents{
      {"\x1f\x8b\x08"s, "This is a gzip archive, not a disk image. Unpack it first"},
      {"\xfd"
       "7zXZ\0"s,
       "an xz archive"},
      {"\x28\xb5\x2f\xfd"s, "a zstd archive"},
      {"BZh9"s, "a bzip2 archive"},
      {"PK\x03\x04"s, "a zip archive"},
      {"7z\xbc\xaf\x27\x1c"s, "a 7-Zip archive"},
      {"%PDF-1.7"s, "a PDF document"},
      {"\x89PNG\r\n\x1a\n"s, "a PNG picture"},
      {"\xff\xd8\xff\xe0"s, "a JPEG picture"},
      {"\x7f"
       "ELF"s,
       "a program (ELF)"},
      {"\0\0\0\x20"
       "ftypisom"s,
       "an MP4 video"},
      {"\x1a\x45\xdf\xa3"s, "a Matroska or WebM video"},
      {"RIFF\x10\x10\x10\x10"
       "AVI LIST"s,
       "an AVI video"}};
  for (const auto& [magic, words] : contents) {
    const auto image = starting_with(magic);
    check_refused(image, error_code::not_an_image);
    CHECK(message_for(image).find(words) != std::string::npos);
  }
  check_refused(starting_with("ustar", 1 << 20, 257), error_code::not_an_image);
  for (const auto& [text, words] :
       std::vector<std::pair<std::string, std::string>>{{"\n <!DOCTYPE html><html>", "a web page"},
                                                        {"<?xml version='1.0'?>", "an XML document"},
                                                        {"{\"error\": 404}", "a JSON document"},
                                                        {"404 not found", "a text file"}}) {
    hostile::image_bytes image;
    put_text(image, 0, text);
    CHECK(message_for(image).find(words) != std::string::npos);
    check_refused(image, error_code::not_an_image);
  }
}

TEST_CASE("an OVA archive is named and refused with the way out") {
  auto image = starting_with("ustar", 1 << 20, 257);
  put_text(image, 0, std::string_view{"disk.ovf\0", 9});
  check_refused(image, error_code::format_not_allowed);
  CHECK(message_for(image).find("tar xf") != std::string::npos);
}

TEST_CASE("an empty file and a few bytes are refused") {
  check_refused({}, error_code::not_an_image);
  check_refused(hostile::image_bytes(1), error_code::raw_unrecognised);
  check_refused(hostile::image_bytes(511), error_code::raw_unrecognised);
}

TEST_CASE("zeros and random bytes are no raw disk") {
  check_refused(hostile::image_bytes(1 << 20), error_code::raw_unrecognised);
  check_refused(starting_with(""), error_code::raw_unrecognised);
}

TEST_CASE("an endless video is refused within its first mebibyte") {
  for (const std::string_view magic : {std::string_view{"\x1a\x45\xdf\xa3"}, std::string_view{""}}) {
    stream_inspection inspection{{}};
    inspection.announce_total(std::uint64_t{4} << 30);
    const auto block = starting_with(magic, 16 << 10);
    std::size_t received = 0;
    bool refused = false;
    while (!refused && received < (std::size_t{4} << 30)) {
      refused = !inspection.feed(block).has_value();
      received += block.size();
    }
    CHECK(refused);
    CHECK(received <= (1 << 20));
    CHECK_FALSE(inspection.front_decided());
  }
}

TEST_CASE("the front of an image is decided within its first mebibyte") {
  for (const auto& [format, image] : sound_images()) {
    stream_inspection inspection{{}};
    CHECK_FALSE(inspection.front_decided());
    REQUIRE(inspection.feed(image).has_value());
    CHECK(inspection.front_decided() == (image.size() >= (72 << 10)));
  }
}

TEST_CASE("the parts of an Amazon image are accepted as declared, and only those") {
  const auto ramdisk = starting_with("\x1f\x8b");
  auto kernel = starting_with("HdrS", 1 << 20, 0x202);
  put_little(kernel, 0x1FE, 2, 0xAA55);
  put_little(kernel, 0x1F1, 1, 4);
  put_little(kernel, 0x1F4, 4, 100);
  check_accepted(ramdisk, "ari", 1 << 20, declared("ari"));
  check_accepted(kernel, "aki", 1 << 20, declared("aki"));
  check_accepted(mbr_disk(), "ami", 1 << 20, declared("ami"));
  check_refused(kernel, error_code::not_an_image);
  check_refused(kernel, error_code::format_mismatch, declared("raw"));
  check_refused(starting_with("%PDF-"), error_code::not_an_image, declared("ari"));
  check_refused(mbr_disk(), error_code::format_mismatch, declared("aki"));
  check_refused(qcow2_image(), error_code::format_mismatch, declared("ami"));
}
