// SPDX-License-Identifier: Apache-2.0
#include "tests/http/client/fetching.hpp"

using namespace sluice::http;
using namespace sluice::hostile;
using sluice::schemas::error_code;

TEST_CASE("an answer of unknown length is refused, since its truncation could not be noticed") {
  fetching test;
  const auto* const version = GENERATE("HTTP/1.1", "HTTP/1.0");
  const auto got = test.answered(std::string{version} + " 200 OK\r\n\r\nbytes");
  CHECK(got.code() == error_code::source_protocol);
  CHECK_FALSE(got.why->transient);
  CHECK(got.message().find("does not say how long the image is") != std::string::npos);
}

TEST_CASE("HTTP/1.0 with a length is good enough") {
  fetching test;
  CHECK(test.answered("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok").body == "ok");
}

TEST_CASE("ambiguous framing is refused for good") {
  fetching test;
  const auto* const head = GENERATE("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                                    "Content-Length: 5\r\nContent-Length: 7\r\n", "Content-Length: 5\r\nA: b\r\n c\r\n",
                                    "Content-Length: 9223372036854775808\r\n", "Transfer-Encoding: gzip, chunked\r\n");
  CAPTURE(head);
  const auto got = test.answered("HTTP/1.1 200 OK\r\n" + std::string{head} + "\r\n0\r\n\r\n");
  CHECK(got.code() == error_code::source_protocol);
  CHECK_FALSE(got.why->transient);
  CHECK(got.body.empty());
}

TEST_CASE("a body that ends before its framing says so is truncated, and worth another try") {
  fetching test;
  const auto* const answer =
      GENERATE("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel");
  CAPTURE(answer);
  const auto got = test.answered(answer);
  CHECK(got.code() == error_code::source_truncated);
  CHECK(got.why->transient);
}

TEST_CASE("a truncation says how far it came") {
  fetching test;
  CHECK(test.answered("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello").message() ==
        "Could not retrieve image. The source closed the connection after 5 of 10 bytes.");
}

TEST_CASE("a reset in the middle of the body is a truncation") {
  fetching test;
  test.server.play({{await_request{}, say{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"}, reset{}}});
  const auto got = test.get(test.server.url());
  CHECK(got.code() == error_code::source_truncated);
  CHECK(got.why->transient);
}

TEST_CASE("a connection closed without an answer is worth another try") {
  fetching test;
  const auto acts = GENERATE(script{await_request{}}, script{await_request{}, say{"HTTP/1.1 200 OK\r\nA:"}},
                             script{await_request{}, reset{}});
  test.server.play({acts});
  const auto got = test.get(test.server.url());
  CHECK(got.code() == error_code::source_truncated);
  CHECK(got.why->transient);
}

TEST_CASE("a broken chunk is refused for good, and none of its bytes is delivered as the image") {
  fetching test;
  const auto* const chunks = GENERATE("zz\r\nhello\r\n0\r\n\r\n", "5\nhello\r\n0\r\n\r\n", "-5\r\nhello\r\n0\r\n\r\n",
                                      "5\r\nhello0\r\n\r\n", "fffffffffffffffff\r\n");
  CAPTURE(chunks);
  const auto got = test.answered("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string{chunks});
  CHECK(got.code() == error_code::source_protocol);
  CHECK_FALSE(got.why->transient);
}

TEST_CASE("another protocol is refused at its first bytes, and its banner is not shown") {
  fetching test;
  const auto* const banner = GENERATE("SSH-2.0-OpenSSH_9.2p1\r\n", "220 mail.example.org ESMTP\r\n", "just bytes",
                                      "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok");
  CAPTURE(banner);
  test.server.play({{say{banner}, hang{}}});
  const auto got = test.get(test.server.url());
  CHECK(got.code() == error_code::source_protocol);
  CHECK_FALSE(got.why->transient);
  CHECK(got.message().find("OpenSSH") == std::string::npos);
  CHECK(got.message().find("mail") == std::string::npos);
}

TEST_CASE("a header block over its cap is refused while it arrives") {
  fetching test;
  const bool one_field = GENERATE(true, false);
  test.server.play({{await_request{}, say{"HTTP/1.1 200 OK\r\nA: "},
                     flood{one_field ? std::string(1000, 'a') : std::string{"b\r\nA: "}}}});
  const auto got = test.get(test.server.url());
  CHECK(got.code() == error_code::source_protocol);
  CHECK(got.message().find("64 KiB") != std::string::npos);
  CHECK(test.server.wait_for_closed(1));
}

TEST_CASE("a content encoding that was not asked for is refused") {
  fetching test;
  const auto got = test.answered("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok");
  CHECK(got.code() == error_code::source_encoding);
  CHECK_FALSE(got.why->transient);
  CHECK(test.answered("HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Length: 2\r\n\r\nok").body == "ok");
}
