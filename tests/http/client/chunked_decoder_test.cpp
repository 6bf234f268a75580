// SPDX-License-Identifier: Apache-2.0
#include "http/client/chunked_decoder.hpp"

#include <catch2/catch.hpp>

#include <cstring>
#include <string>
#include <vector>

using namespace sluice::http;

namespace {

struct decoded {
  std::string payload;
  bool complete = false;
  bool refused = false;
};

/// Decodes `wire` in blocks of `block` bytes.
decoded decode(std::string wire, std::size_t block) {
  chunked_decoder decoder;
  decoded out;
  const std::span<std::byte> all{reinterpret_cast<std::byte*>(wire.data()), wire.size()};
  for (std::size_t at = 0; at < all.size(); at += block) {
    const auto part = all.subspan(at, std::min(block, all.size() - at));
    const auto count = decoder.decode(part);
    if (!count) {
      CHECK(count.error().code == sluice::schemas::error_code::source_protocol);
      out.refused = true;
      return out;
    }
    out.payload.append(reinterpret_cast<const char*>(part.data()), *count);
  }
  out.complete = decoder.complete();
  return out;
}

}  // namespace

TEST_CASE("chunks are put together whatever the blocks they arrive in") {
  const std::string wire =
      "5\r\nhello\r\n1;name=\"a value\"\r\n \r\n00A \r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nbehind the end";
  const std::size_t block = GENERATE(1U, 2U, 3U, 5U, 7U, 16U, 1000U);
  CAPTURE(block);
  const auto out = decode(wire, block);
  CHECK_FALSE(out.refused);
  CHECK(out.complete);
  CHECK(out.payload == "hello 0123456789");
}

TEST_CASE("a chunked body without its end is not complete") {
  const std::string wire = "5\r\nhello\r\n0\r\nA: b\r\n\r\n";
  for (std::size_t length = 0; length < wire.size(); ++length) {
    CAPTURE(length);
    const auto out = decode(wire.substr(0, length), 4);
    CHECK_FALSE(out.refused);
    CHECK_FALSE(out.complete);
  }
  CHECK(decode(wire, 4).complete);
}

TEST_CASE("broken chunks are refused") {
  const auto* const wire =
      GENERATE("\r\nhello", "x\r\n", "0x5\r\nhello", "-5\r\n", "+5\r\n", " 5\r\nhello", "5\nhello", "5\r\nhelloX",
               "5\r\nhello\n", "5\r\nhello\rX", "5\rXhello", "10000000000000000\r\n", "00000000000000005\r\nhello",
               "8000000000000000\r\n", "5g\r\n", "0\r\nA: b\nB", "0\r\n\rX", "5;a\nb\r\nhello", "0\r\n\n");
  const std::size_t block = GENERATE(1U, 100U);
  CAPTURE(wire, block);
  CHECK(decode(wire, block).refused);
}

TEST_CASE("extensions and trailers are bounded") {
  CHECK(decode("5;" + std::string(chunked_decoder::most_framing + 1, 'a') + "\r\nhello", 1000).refused);
  CHECK(decode("0\r\nA: " + std::string(chunked_decoder::most_framing + 1, 'a'), 1000).refused);
  std::string many = "0\r\n";
  for (int i = 0; i < 10000; ++i)
    many += "A: b\r\n";
  CHECK(decode(many, 1000).refused);
}
