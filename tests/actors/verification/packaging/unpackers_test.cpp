// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/actors/verification/packaging/packed.hpp"

using namespace sluice;
using namespace sluice::test;
using actors::verification::packaging::packing;
using actors::verification::packaging::sniff;
using schemas::error_code;

namespace {

struct tool {
  packing kind;
  std::string command;
};

const std::vector<tool> tools{
    {packing::gzip, "gzip -1n"},
    {packing::gzip, "gzip -9"},
    {packing::xz, "xz -0"},
    {packing::xz, "xz -9e --check=sha256"},
    {packing::xz, "xz -T2 --block-size=65536"},
    {packing::zstd, "zstd -q -1"},
    {packing::zstd, "zstd -q -19 --long=27"},
    {packing::bzip2, "bzip2 -1"},
    {packing::bzip2, "bzip2 -9"},
};
const std::vector<tool> one_each{{packing::gzip, "gzip -6n"},
                                 {packing::xz, "xz -6"},
                                 {packing::zstd, "zstd -q -3 --check"},
                                 {packing::bzip2, "bzip2 -1"}};

octets joined(octets one, const octets& other) {
  one.insert(one.end(), other.begin(), other.end());
  return one;
}

}  // namespace

TEST_CASE("what the usual tools pack comes out byte for byte, however it is cut") {
  const auto content = mixed_content(300'000);
  for (const auto& [kind, command] : tools) {
    INFO(command);
    const auto packed = filtered(command, content);
    CHECK(sniff(packed) == kind);
    for (const auto& [chunk, room] : std::vector<std::pair<std::size_t, std::size_t>>{
             {1 << 20, 1 << 20}, {262'144, 262'144}, {4096, 777}, {777, 4096}, {13, 262'144}, {1 << 20, 17}}) {
      INFO(chunk << " into " << room);
      const auto came = unpacked(kind, packed, chunk, room);
      REQUIRE(came.has_value());
      CHECK((*came == content));
    }
  }
}

TEST_CASE("a packed file of a few bytes comes out when it is given byte by byte") {
  const auto content = mixed_content(5000);
  for (const auto& [kind, command] : tools) {
    INFO(command);
    const auto came = unpacked(kind, filtered(command, content), 1, 1);
    REQUIRE(came.has_value());
    CHECK((*came == content));
  }
}

TEST_CASE("several members, streams or frames in a row are one content") {
  const auto first = mixed_content(70'000, 1), second = mixed_content(50'000, 2);
  for (const auto& [kind, command] : one_each) {
    INFO(command);
    const auto packed = joined(filtered(command, first), filtered(command, second));
    for (const std::size_t chunk : {1U, 1000U, 1U << 20}) {
      const auto came = unpacked(kind, packed, chunk, 4096);
      REQUIRE(came.has_value());
      CHECK((*came == joined(first, second)));
    }
  }
}

TEST_CASE("a packed file that ends too early is refused at every length") {
  const auto content = mixed_content(9000);
  for (const auto& [kind, command] : one_each) {
    const auto packed = filtered(command, content);
    for (std::size_t length = 0; length < packed.size(); ++length) {
      const auto came = unpacked(kind, std::span{packed}.first(length), 1 << 16, 1 << 16);
      INFO(command << " cut to " << length << " of " << packed.size());
      REQUIRE_FALSE(came.has_value());
      REQUIRE(came.error().code == error_code::unpacking_failed);
    }
  }
}

TEST_CASE("a flipped bit never changes what comes out unnoticed") {
  const auto content = mixed_content(6000);
  for (const auto& [kind, command] : one_each) {
    const auto packed = filtered(command, content);
    for (std::size_t bit = 0; bit < packed.size() * 8; bit += 5) {
      auto flipped = packed;
      flipped[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
      const auto came = unpacked(kind, flipped, 1 << 16, 1 << 16);
      INFO(command << " bit " << bit);
      // Fields that say nothing of the content (time, system) may read otherwise.
      if (came)
        REQUIRE((*came == content));
      else
        REQUIRE(came.error().code == error_code::unpacking_failed);
    }
  }
}

TEST_CASE("something behind the end is refused, padding that belongs to the format is not") {
  const auto content = mixed_content(5000);
  for (const auto& [kind, command] : one_each) {
    INFO(command);
    const auto packed = filtered(command, content);
    for (const std::size_t chunk : {1U, 1U << 16}) {
      CHECK_FALSE(unpacked(kind, joined(packed, octets_of("garbage!")), chunk, 4096).has_value());
      CHECK_FALSE(unpacked(kind, joined(packed, octets_of("x")), chunk, 4096).has_value());
    }
    const auto zeros = unpacked(kind, joined(packed, octets(512)), 1 << 16, 4096);
    CHECK(zeros.has_value() == (kind == packing::gzip || kind == packing::xz));
  }
  const auto gzip = filtered("gzip -n", content);
  CHECK_FALSE(unpacked(packing::gzip, joined(joined(gzip, octets(7)), gzip), 1 << 16, 4096).has_value());
}

TEST_CASE("names in a gzip archive are passed over, however long") {
  const auto content = mixed_content(2000);
  auto packed = filtered("gzip -n", content);
  packed[3] = std::byte{8};  // FNAME (RFC 1952 section 2.3.1)
  auto name = octets_of("../../../../etc/passwd");
  name.resize(300'000, std::byte{'x'});
  name.push_back(std::byte{0});
  packed.insert(packed.begin() + 10, name.begin(), name.end());
  const auto came = unpacked(packing::gzip, packed, 4096, 4096);
  REQUIRE(came.has_value());
  CHECK((*came == content));
}

TEST_CASE("what would take too much memory to unpack is refused") {
  const auto content = mixed_content(100'000);
  const auto xz = unpacked(packing::xz, filtered("xz --lzma2=preset=0,dict=256MiB", content), 1 << 16, 1 << 16);
  REQUIRE_FALSE(xz.has_value());
  CHECK_THAT(xz.error().message, Catch::Contains("128 MiB"));
  // A frame without a content size whose window is 2^31 (RFC 8878 section 3.1.1.1.2).
  const auto zstd =
      unpacked(packing::zstd, octets_of(std::string_view{"\x28\xb5\x2f\xfd\x00\xa8\x01\0\0", 9}), 9, 4096);
  REQUIRE_FALSE(zstd.has_value());
  CHECK_THAT(zstd.error().message, Catch::Contains("128 MiB"));
}

TEST_CASE("formats of zstd from before its first version are not taken") {
  const auto frame = filtered("zstd -q", mixed_content(100));
  for (const char generation : {'\x25', '\x26', '\x27'}) {
    auto old = joined(frame, octets_of("\x25\xb5\x2f\xfd....."));
    old[frame.size()] = static_cast<std::byte>(generation);
    CHECK_FALSE(unpacked(packing::zstd, old, 1 << 16, 4096).has_value());
  }
}

TEST_CASE("frames to be skipped are, and a file of nothing else holds nothing") {
  const auto content = mixed_content(3000);
  auto packed = octets_of(std::string_view{"\x50\x2a\x4d\x18\x04\0\0\0abcd", 12});
  CHECK(sniff(packed) == packing::zstd);
  CHECK(unpacked(packing::zstd, packed, 1, 64)->empty());
  const auto came = unpacked(packing::zstd, joined(packed, filtered("zstd -q", content)), 5, 64);
  REQUIRE(came.has_value());
  CHECK((*came == content));
}

TEST_CASE("nothing else is taken for packed") {
  for (const std::string_view front : {"", "\x1f\x8b", "\x1f\x8b\x07", "BZh9", "BZh0\x31\x41\x59\x26\x53\x59",
                                       "\xfd"
                                       "7zX",
                                       "QFI\xfb", "PK\x03\x04"})
    CHECK_FALSE(sniff(octets_of(front)).has_value());
  CHECK_FALSE(sniff(mixed_content(512)).has_value());
}
