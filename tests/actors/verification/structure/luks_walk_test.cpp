// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/verification/structure/mutants.hpp"
#include "tests/actors/verification/structure/walking.hpp"
#include "tests/hostile/images/luks.hpp"
#include "tests/hostile/images/luks2.hpp"

using namespace sluice::tests;
using namespace sluice::tests::hostile;
using sluice::schemas::error_code;

namespace {

void check_first(std::size_t offset, std::size_t width, std::uint64_t value, error_code code) {
  INFO("at " << offset);
  auto image = luks_image();
  put_big(image, offset, width, value);
  check_unsound(image, "luks", code);
}

std::string replaced(std::string_view from, std::string_view to) {
  auto json = luks2_json();
  const auto at = json.find(from);
  REQUIRE(at != json.npos);
  json.replace(at, from.size(), to);
  return json;
}
void check_metadata(std::string_view from, std::string_view to, error_code code) {
  INFO(from << " becomes " << to);
  check_unsound(luks2_image(replaced(from, to)), "luks", code);
}

}  // namespace

TEST_CASE("a LUKS volume of version 1 is walked, and its payload labelled as not inspected") {
  const auto found = check_sound(luks_image(), "luks", 1 << 20);
  REQUIRE(found.remarks.size() == 1);
  CHECK(found.remarks.front().find("encrypted") != std::string::npos);
}

TEST_CASE("a LUKS header of version 1 that is impossible is refused") {
  check_first(6, 2, 7, error_code::unknown_feature);
  check_first(8, 1, 0, error_code::image_corrupt);
  check_first(40, 1, 0x1B, error_code::image_corrupt);
  check_first(104, 4, 1, error_code::image_corrupt);
  check_first(104, 4, 0xFFFFFFFF, error_code::image_truncated);
  check_first(108, 4, 0, error_code::image_corrupt);
  check_first(164, 4, 0, error_code::image_corrupt);
  check_first(164, 4, 0xFFFFFFFF, error_code::image_corrupt);
  check_first(208, 4, 1, error_code::image_corrupt);
  check_first(212, 4, 0xFFFFFFFF, error_code::image_corrupt);
  check_first(252, 4, 3999, error_code::image_corrupt);
  check_first(248, 4, 4095, error_code::image_corrupt);
  check_first(248, 4, 1, error_code::image_corrupt);
}

TEST_CASE("key material over other key material, and names without an end, are refused") {
  check_first(248, 4, 512 + 7, error_code::overlapping_structures);
  auto image = luks_image();
  put_text(image, 8, "aes-with-a-name-that-never-ends-");
  check_unsound(image, "luks", error_code::image_corrupt);
}

TEST_CASE("a raw disk that is encrypted as a whole is walked like the LUKS volume that it is") {
  for (const auto& image : {luks_image(), luks2_image()}) {
    const auto found = check_sound(image, "raw", image.size());
    REQUIRE(found.remarks.size() == 1);
    CHECK(found.remarks.front().find("encrypted") != std::string::npos);
  }
  auto wrong = luks2_image();
  wrong[200] ^= std::byte{1};
  check_unsound(wrong, "raw", error_code::image_corrupt);
}

TEST_CASE("a LUKS volume of version 2 is walked by both headers and its metadata") {
  check_sound(luks2_image(), "luks", 1 << 20);
  check_sound(luks2_image(replaced("\"dynamic\"", "\"4096\"")), "luks", 4096);
}

TEST_CASE("a LUKS header of version 2 with a wrong checksum, length or place is refused") {
  for (const std::size_t at : {std::size_t{200}, std::size_t{5000}, luks2_header + 200, luks2_header + 5000}) {
    auto image = luks2_image();
    put_byte(image, at, 1);
    check_unsound(image, "luks", error_code::image_corrupt);
  }
  for (const std::size_t header : {std::size_t{0}, luks2_header})
    for (const auto& [offset, value, code] :
         {std::tuple{std::size_t{8}, std::uint64_t{12345}, error_code::image_corrupt},
          std::tuple{std::size_t{8}, ~std::uint64_t{0}, error_code::image_corrupt},
          std::tuple{std::size_t{256}, std::uint64_t{512}, error_code::image_corrupt},
          std::tuple{std::size_t{72}, std::uint64_t{0x6D64350000000000}, error_code::unknown_feature}}) {
      auto image = luks2_image();
      put_big(image, header + offset, 8, value);
      seal_luks2(image, header);
      check_unsound(image, "luks", code);
    }
  auto image = luks2_image();
  put_byte(image, luks2_header - 1, 1);
  seal_luks2(image, 0);
  check_unsound(image, "luks", error_code::image_corrupt);
}

TEST_CASE("LUKS headers that differ are a volume not closed, which the operator may accept") {
  auto image = luks2_image();
  put_big(image, 16, 8, 4);
  seal_luks2(image, 0);
  check_unsound(image, "luks", error_code::image_corrupt);
  walk_policy lenient;
  lenient.accept_dirty = true;
  check_sound(image, "luks", 1 << 20, lenient);
}

TEST_CASE("LUKS metadata that is impossible, or asks too much of the host, is refused") {
  check_metadata("{\"keyslots\"", "{\"keyslots", error_code::image_corrupt);
  check_metadata("\"segments\":{\"0\"", "\"segmento\":{\"0\"", error_code::image_corrupt);
  check_metadata("\"json_size\":\"12288\"", "\"json_size\":\"12289\"", error_code::image_corrupt);
  check_metadata("\"keyslots_size\":\"1015808\"", "\"keyslots_size\":\"4097\"", error_code::image_corrupt);
  check_metadata("\"keyslots_size\"", "\"requirements\":{\"mandatory\":[\"online-reencrypt\"]},\"keyslots_size\"",
                 error_code::unknown_feature);
  check_metadata("\"type\":\"luks2\"", "\"type\":\"other\"", error_code::unknown_feature);
  check_metadata("\"key_size\":64,\"af\"", "\"key_size\":0,\"af\"", error_code::image_corrupt);
  check_metadata("\"key_size\":64,\"af\"", "\"key_size\":-1,\"af\"", error_code::image_corrupt);
  check_metadata("\"stripes\":4000", "\"stripes\":4000000000", error_code::image_corrupt);
  check_metadata("\"offset\":\"32768\"", "\"offset\":\"4096\"", error_code::image_corrupt);
  check_metadata("\"offset\":\"32768\"", "\"offset\":\"18446744073709551615\"", error_code::image_corrupt);
  check_metadata("\"size\":\"258048\"", "\"size\":\"1015809\"", error_code::image_corrupt);
  check_metadata("\"size\":\"258048\"", "\"size\":\"1000\"", error_code::image_corrupt);
  check_metadata("\"memory\":65536", "\"memory\":8388608", error_code::image_corrupt);
  check_metadata("\"time\":4", "\"time\":100000", error_code::image_corrupt);
  check_metadata("\"cpus\":2", "\"cpus\":1000", error_code::image_corrupt);
  check_metadata("\"type\":\"argon2id\"", "\"type\":\"scrypt\"", error_code::image_corrupt);
  check_metadata("\"iterations\":1000,\"salt\":\"AA==\"}}", "\"iterations\":4294967295,\"salt\":\"AA==\"}}",
                 error_code::image_corrupt);
  check_metadata("\"type\":\"crypt\"", "\"type\":\"linear\"", error_code::unknown_feature);
  check_metadata("\"sector_size\":4096", "\"sector_size\":8192", error_code::image_corrupt);
  check_metadata("\"offset\":\"1048576\"", "\"offset\":\"65536\"", error_code::image_corrupt);
  check_metadata("\"offset\":\"1048576\"", "\"offset\":\"2097152\"", error_code::image_truncated);
  check_metadata("\"dynamic\"", "\"2097152\"", error_code::image_truncated);
  check_metadata("\"dynamic\"", "\"100\"", error_code::image_corrupt);
  check_metadata("\"keyslots\":[\"0\",\"1\"]", "\"keyslots\":[\"0\",\"9\"]", error_code::image_corrupt);
}

TEST_CASE("LUKS key slots over each other are refused") {
  check_metadata("\"offset\":\"290816\"", "\"offset\":\"286720\"", error_code::overlapping_structures);
}

TEST_CASE("a LUKS volume cut off anywhere is refused") {
  for (const auto& image : {luks_image(), luks2_image()})
    for (const std::size_t length : {6, 100, 591, 4095, 16384, 20000, 40000, 1 << 20})
      check_unsound(std::span{image}.first(length), "luks", error_code::image_truncated);
}

TEST_CASE("no mutation of a LUKS volume makes the walk fall or hang") {
  walk_mutants(luks_image(), "luks", 600, 1000);
  auto image = luks2_image();
  walk_mutants(image, "luks", 40000, 200);
  // With checksums set right again, so that the metadata is what is judged.
  std::mt19937 random{Catch::rngSeed()};
  for (int round = 0; round < 500; ++round) {
    auto mutant = luks2_json();
    for (auto changes = 1 + random() % 3; changes > 0; --changes)
      mutant[random() % mutant.size()] = static_cast<char>(32 + random() % 95);
    const auto found = walk(luks2_image(mutant), "luks");
    if (!found && found.error().message.empty())
      FAIL("refused without a sentence");
  }
}
