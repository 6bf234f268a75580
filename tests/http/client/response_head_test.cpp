// SPDX-License-Identifier: Apache-2.0
#include "http/client/response_head.hpp"

#include <catch2/catch.hpp>

using namespace sluice::http;

namespace {

response_head parsed(const std::string& lines) {
  auto out = parse_response_head("HTTP/1.1 200 OK\r\n" + lines + "\r\n");
  REQUIRE(out);
  return *out;
}

}  // namespace

TEST_CASE("a head says how its body ends") {
  CHECK(parsed("").framing == body_framing::until_close);
  CHECK(parsed("Transfer-Encoding: Chunked\r\n").framing == body_framing::chunked);
  const auto head = parsed("content-length: 9223372036854775807\r\n");
  CHECK(head.framing == body_framing::content_length);
  CHECK(head.length == 9223372036854775807U);
}

TEST_CASE("ambiguous or broken heads are refused without echoing them") {
  const auto* const block = GENERATE(
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5 6\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA: b\r\n\tc\r\n\r\n", "HTTP/1.1 200 OK\r\n Content-Length: 5\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
      "HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n",
      "HTTP/1.2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1\r\n\r\n",
      "SSH-2.0-OpenSSH_9.2\r\n\r\n", "\r\n\r\n", "HTTP/1.1 302 Found\r\nLocation: /a\r\nLocation: /b\r\n\r\n",
      "HTTP/1.1 200 OK\r\nETag: \"a\"\r\nETag: \"b\"\r\n\r\n");
  CAPTURE(block);
  const auto out = parse_response_head(block);
  REQUIRE_FALSE(out);
  CHECK(out.error().code == sluice::schemas::error_code::source_protocol);
  CHECK(out.error().message.find("OpenSSH") == std::string::npos);
}

TEST_CASE("a NUL in a head is refused") {
  using namespace std::string_literals;
  CHECK_FALSE(parse_response_head("HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n"s));
  CHECK_FALSE(parse_response_head("HTTP/1.1 200 OK\r\nA\0: b\r\n\r\n"s));
}

TEST_CASE("only a strong entity tag is a validator") {
  CHECK(parsed("ETag: \"abc\"\r\n").validator == "\"abc\"");
  CHECK(parsed("ETag: W/\"abc\"\r\n").validator.empty());
  CHECK(parsed("ETag: abc\r\n").validator.empty());
  CHECK(parsed("ETag: \"a\"b\"\r\n").validator.empty());
  CHECK(parsed("ETag: \"a b\"\r\n").validator.empty());
  CHECK(parsed("ETag: \"" + std::string(300, 'a') + "\"\r\n").validator.empty());
  CHECK(parsed("ETag: d41d8cd98f00b204e9800998ecf8427e\r\n").validator == "d41d8cd98f00b204e9800998ecf8427e");
  CHECK_FALSE(is_strong_validator("\"a\r\nX: y\""));
}

TEST_CASE("an encoding other than identity is noticed") {
  CHECK_FALSE(parsed("").encoded);
  CHECK_FALSE(parsed("Content-Encoding: identity\r\n").encoded);
  CHECK(parsed("Content-Encoding: gzip\r\n").encoded);
  CHECK(parsed("Content-Encoding: identity\r\nContent-Encoding: br\r\n").encoded);
  CHECK(parsed("Content-Encoding: identity, gzip\r\n").encoded);
}

TEST_CASE("a content range is read strictly") {
  CHECK(parse_content_range("bytes 5-9/10") == content_range{true, 5, 9, 10});
  CHECK(parse_content_range("bytes */10") == content_range{false, 0, 0, 10});
  const auto* const bad = GENERATE("", "bytes", "bytes 5-9/*", "bytes 9-5/10", "bytes 5-10/10", "bytes -9/10",
                                   "bytes 5-/10", "bytes 5-9", "items 5-9/10", "bytes=5-9/10", "bytes 5-9/10, 1-2/10",
                                   "bytes 5 -9/10", "bytes 5-9/99999999999999999999");
  CAPTURE(bad);
  CHECK_FALSE(parse_content_range(bad));
}

TEST_CASE("interim answers and redirects are told apart from final ones") {
  const auto status = [](const std::string& line) {
    return parse_response_head("HTTP/1.1 " + line + "\r\n\r\n").value();
  };
  CHECK(status("100 Continue").interim());
  CHECK(status("103 Early Hints").interim());
  CHECK_FALSE(status("101 Switching Protocols").interim());
  for (const auto* const line : {"301 a", "302 a", "303 a", "307 a", "308 a"})
    CHECK(status(line).redirect());
  for (const auto* const line : {"200 a", "300 a", "304 a", "305 a", "306 a"})
    CHECK_FALSE(status(line).redirect());
}

TEST_CASE("another protocol is noticed by its first bytes") {
  CHECK(may_become_response_head(""));
  CHECK(may_become_response_head("HT"));
  CHECK(may_become_response_head("HTTP/1.1 200 OK\r"));
  CHECK_FALSE(may_become_response_head("SSH"));
  CHECK_FALSE(may_become_response_head("220 mail"));
  CHECK_FALSE(may_become_response_head("HTTP/1.1 200 OK\nA"));
}
