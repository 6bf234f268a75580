// SPDX-License-Identifier: Apache-2.0
#include "tests/http/client/fetching.hpp"

using namespace sluice::http;
using namespace sluice::hostile;
using sluice::schemas::error_code;

namespace {

const std::string whole = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nETag: \"v2\"\r\n\r\n0123456789";

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a transfer goes on where it stopped when the source proves that it is the same content") {
  fetching test;
  const auto* const framing =
      GENERATE("Content-Length: 6\r\n\r\n456789", "Transfer-Encoding: chunked\r\n\r\n6\r\n456789\r\n0\r\n\r\n");
  test.server.play({answer_with("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 4-9/10\r\nETag: \"v1\"\r\n" +
                                std::string{framing})});
  const auto got = test.get(test.server.url(), 4, "\"v1\"");
  REQUIRE(got.message() == "");
  CHECK(got.offer.offset == 4);
  CHECK(got.offer.total == 10U);
  CHECK(got.offer.validator == "\"v1\"");
  CHECK(got.body == "456789");
  REQUIRE(test.server.requests().size() == 1);
  const auto request = test.server.requests().front();
  CHECK(contains(request, "Range: bytes=4-\r\n"));
  CHECK(contains(request, "If-Range: \"v1\"\r\n"));
  CHECK(contains(request, "If-Match: \"v1\"\r\n"));
}

TEST_CASE("a Swift entity tag, which has no quotes, resumes too") {
  fetching test;
  const std::string digest = "781e5e245d69b566979b86e28d23f2c7";
  test.server.play({answer_with("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 4-9/10\r\nETag: " + digest +
                                "\r\nContent-Length: 6\r\n\r\n456789")});
  CHECK(test.get(test.server.url(), 4, digest).offer.offset == 4);
}

TEST_CASE("a source that answers with the whole starts over") {
  fetching test;
  test.server.play({answer_with(whole)});
  const auto got = test.get(test.server.url(), 4, "\"v1\"");
  CHECK(got.message() == "");
  CHECK(got.offer.offset == 0);
  CHECK(got.offer.validator == "\"v2\"");
  CHECK(got.body == "0123456789");
  CHECK(test.server.connections() == 1);
}

TEST_CASE("a part that is not proved to be what was asked is thrown away, and the whole is asked for") {
  fetching test;
  const auto* const part = GENERATE(
      "HTTP/1.1 206 x\r\nContent-Range: bytes 4-9/10\r\nETag: \"v2\"\r\nContent-Length: 6\r\n\r\n456789",    // changed
      "HTTP/1.1 206 x\r\nContent-Range: bytes 4-9/10\r\nETag: W/\"v1\"\r\nContent-Length: 6\r\n\r\n456789",  // weak
      "HTTP/1.1 206 x\r\nContent-Range: bytes 4-9/10\r\nContent-Length: 6\r\n\r\n456789",                    // no tag
      "HTTP/1.1 206 x\r\nETag: \"v1\"\r\nContent-Length: 6\r\n\r\n456789",                                   // no range
      "HTTP/1.1 206 x\r\nContent-Range: bytes 5-9/10\r\nETag: \"v1\"\r\nContent-Length: 5\r\n\r\n56789",  // other start
      "HTTP/1.1 206 x\r\nContent-Range: bytes 0-9/10\r\nETag: \"v1\"\r\nContent-Length: 10\r\n\r\n0123456789",
      "HTTP/1.1 206 x\r\nContent-Range: bytes 4-8/10\r\nETag: \"v1\"\r\nContent-Length: 5\r\n\r\n45678",  // short
      "HTTP/1.1 206 x\r\nContent-Range: bytes 4-9/*\r\nETag: \"v1\"\r\nContent-Length: 6\r\n\r\n456789",  // no total
      "HTTP/1.1 206 x\r\nContent-Range: bytes 4-9/10\r\nETag: \"v1\"\r\nContent-Length: 7\r\n\r\n4567890",
      "HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */3\r\nContent-Length: 0\r\n\r\n");
  CAPTURE(part);
  test.server.play({answer_with(part), answer_with(whole)});
  const auto got = test.get(test.server.url(), 4, "\"v1\"");
  CHECK(got.message() == "");
  CHECK(got.offer.offset == 0);
  CHECK(got.offer.total == 10U);
  CHECK(got.body == "0123456789");
  REQUIRE(test.server.requests().size() == 2);
  CHECK_FALSE(contains(test.server.requests().back(), "Range"));
  CHECK_FALSE(contains(test.server.requests().back(), "If-Match"));
}

TEST_CASE("without a strong validator no range is asked for") {
  fetching test;
  const auto* const validator = GENERATE("", "W/\"v1\"", "v1", "\"v1\"\r\nX: y");
  CAPTURE(validator);
  test.server.play({answer_with(whole)});
  const auto got = test.get(test.server.url(), 4, validator);
  CHECK(got.offer.offset == 0);
  REQUIRE(test.server.requests().size() == 1);
  CHECK_FALSE(contains(test.server.requests().front(), "Range"));
}

TEST_CASE("the same source can be opened again after a failure") {
  fetching test;
  test.server.play(
      {answer_with("HTTP/1.1 200 OK\r\nContent-Length: 10\r\nETag: \"v1\"\r\n\r\n0123"),
       answer_with(
           "HTTP/1.1 206 x\r\nContent-Range: bytes 4-9/10\r\nETag: \"v1\"\r\nContent-Length: 6\r\n\r\n456789")});
  http_source_factory factory{test.sources, test.limits};
  const auto source = factory.create(test.loop.get_executor(), test.server.url());
  const auto first = run(test.loop, read_all(*source, 0, "", 100));
  CHECK(first.code() == error_code::source_truncated);
  CHECK(first.body == "0123");
  const auto second = run(test.loop, read_all(*source, first.body.size(), first.offer.validator, 100));
  CHECK(second.message() == "");
  CHECK(first.body + second.body == "0123456789");
}
