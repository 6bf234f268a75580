// SPDX-License-Identifier: Apache-2.0
#include "schemas/checksum_list.hpp"

#include <catch2/catch.hpp>

using namespace sluice::schemas;
using Catch::Matchers::Contains;

namespace {

const std::string sha256(64, 'a');
const std::string sha512(128, 'b');
const std::string md5(32, 'c');
const std::string sha384(96, 'a');
const std::string upper(64, 'A');

using checksums = std::vector<expected_checksum>;

checksums found(std::string_view name, const std::string& text) {
  const auto read = checksums_for(name, text);
  if (!read)
    FAIL(read.error().message);
  return *read;
}

std::string refusal(std::string_view name, const std::string& text) {
  const auto read = checksums_for(name, text);
  REQUIRE_FALSE(read);
  CHECK(read.error().code == error_code::checksum_mismatch);
  CHECK(read.error().message.back() == '.');
  return read.error().message;
}

}  // namespace

TEST_CASE("Every way in which publishers write a checksum is read") {
  const checksums one{{"sha256", sha256}};
  for (const auto& line : {
           sha256 + "  disk.img\n",
           sha256 + " *disk.img\n",
           sha256 + "  disk.img",
           sha256 + "  disk.img\r\n",
           sha256 + "  ./disk.img\n",
           upper + "  disk.img\n",
           "SHA256 (disk.img) = " + sha256 + "\n",
           "SHA256 (./disk.img) = " + upper + "\r\n",
       }) {
    INFO(line);
    CHECK((found("disk.img", line) == one));
  }
  CHECK((found("disk.img", sha512 + " *disk.img") == checksums{{"sha512", sha512}}));
  CHECK((found("disk.img", "SHA512 (disk.img) = " + sha512) == checksums{{"sha512", sha512}}));
  CHECK((found("./disk.img", sha256 + "  disk.img") == one));
  CHECK((found("a/disk.img", sha256 + "  a/disk.img") == one));
}

TEST_CASE("One file is found among others, signatures, comments and other digests") {
  const auto text =
      "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n# disk.img: 12345 bytes\nMD5 (disk.img) = " + md5 +
      "\nSHA256 (disk.img) = " + sha256 + "\n" + sha512 + "  disk.img\nSHA256 (disk.img.xz) = " + std::string(64, '0') +
      "\n" + std::string(64, '1') + "  old/disk.img\n" + sha256 +
      "  disk.img\n-----BEGIN PGP SIGNATURE-----\n\niQIzBAEB\n-----END PGP SIGNATURE-----\n";
  CHECK((found("disk.img", text) == checksums{{"sha256", sha256}, {"sha512", sha512}}));
}

TEST_CASE("Names with spaces, parentheses and escapes are names") {
  CHECK((found("a b  c", sha256 + "  a b  c\n") == checksums{{"sha256", sha256}}));
  CHECK((found("a (1) = x", "SHA256 (a (1) = x) = " + sha256) == checksums{{"sha256", sha256}}));
  CHECK((found("a\\b\nc", "\\" + sha256 + "  a\\\\b\\nc\n") == checksums{{"sha256", sha256}}));
  CHECK((found("a\\nb", sha256 + "  a\\nb\n") == checksums{{"sha256", sha256}}));
}

TEST_CASE("A file of checksums that does not say what the image's is, is refused in words") {
  CHECK_THAT(refusal("disk.img", ""), Contains("\"disk.img\"") && Contains("no line that is a checksum"));
  CHECK_THAT(refusal("disk.img", "<html>not here</html>\n"), Contains("no line that is a checksum"));
  CHECK_THAT(refusal("disk.img", sha256 + "  other.img\n"), Contains("1 for another name"));
  CHECK_THAT(refusal("disk.img", sha256 + "  DISK.img\n" + sha256 + "  disk.img \n"), Contains("2 for other names"));
  CHECK_THAT(refusal("disk.img", md5 + "  disk.img\n"), Contains("only other kinds"));
  CHECK_THAT(refusal("disk.img", "SHA384 (disk.img) = " + sha384), Contains("only other kinds"));
  // A tag that does not fit the length is no sha256.
  CHECK_THAT(refusal("disk.img", "SHA512 (disk.img) = " + sha256), Contains("only other kinds"));
  CHECK_THAT(refusal("disk.img", "SHA3-256 (disk.img) = " + sha256), Contains("only other kinds"));
  CHECK_THAT(refusal("disk.img", sha256 + "  disk.img\n" + std::string(64, 'b') + "  disk.img\n"),
             Contains("two that differ"));
}

TEST_CASE("Lines that are nearly a checksum are none") {
  for (const auto& line : {
           sha256,
           sha256 + " disk.img",
           sha256 + "\tdisk.img",
           sha256 + "  ",
           " " + sha256 + "  disk.img",
           sha256.substr(1) + "g  disk.img",
           "SHA256 (disk.img)= " + sha256,
           "SHA256(disk.img) = " + sha256,
           "(disk.img) = " + sha256,
           "SHA256 (disk.img) = " + sha256 + " ",
           std::string{"\\"},
           std::string{"abc  disk.img"},
           std::string{"SHA256 (disk.img) = ab"},
           std::string(1, '\0') + sha256 + "  disk.img",
       }) {
    INFO(line);
    const auto read = checksums_for("disk.img", line);
    REQUIRE_FALSE(read);
    CHECK_THAT(read.error().message, Contains("no line that is a checksum"));
  }
}

TEST_CASE("The name of a location is the last segment of its path") {
  CHECK(file_name_of("https://h/a/disk.img") == "disk.img");
  CHECK(file_name_of("https://h/a/disk.img?sig=/x#/y") == "disk.img");
  CHECK(file_name_of("https://h/a%20b%2Fc%zz%4") == "a b/c%zz%4");
  CHECK(file_name_of("https://h/a/").empty());
  CHECK(file_name_of("https://h").empty());
  CHECK(file_name_of("https://h?x=/y").empty());
}
