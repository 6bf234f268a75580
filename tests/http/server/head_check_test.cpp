// SPDX-License-Identifier: Apache-2.0
#include "http/server/head_check.hpp"

#include <catch2/catch.hpp>

namespace sluice::http {
namespace {

unsigned status_of(const std::string& head) {
  const auto checked = check_head(head, server_limits{});
  return checked ? 0 : checked.error().status;
}

std::string with(const std::string& fields) {
  return "POST /x HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
}

TEST_CASE("a plain request head is understood") {
  const auto text = with("Content-Length: 5\r\nExpect: 100-continue\r\n");
  const auto head = check_head(text, server_limits{});
  REQUIRE(head);
  CHECK(head->method == "POST");
  CHECK(head->target == "/x");
  CHECK(head->version_1_1);
  CHECK(head->has_body);
  CHECK(head->expects_continue);
}

TEST_CASE("a head that two parsers could read differently is refused") {
  CHECK(status_of(with("")) == 0);
  CHECK(status_of(with("Transfer-Encoding: chunked\r\n")) == 0);
  for (const std::string fields : {
           "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
           "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
           "Content-Length: 5\r\nContent-Length: 5\r\n",
           "Content-Length: 5, 5\r\n",
           "Content-Length: +5\r\n",
           "Content-Length: 0x5\r\n",
           "Content-Length: \r\n",
           "Content-Length: -1\r\n",
           "Content-Length: 99999999999999999999\r\n",
           "Content-Length : 5\r\n",
           "Transfer-Encoding: gzip, chunked\r\n",
           "Transfer-Encoding: chunked, chunked\r\n",
           "Transfer-Encoding: identity\r\n",
           "Transfer-Encoding: xchunked\r\n",
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
           "X: a\r\n folded\r\n",
           "X: a\r\n\tfolded\r\n",
           "X y: a\r\n",
           ": a\r\n",
           "no colon\r\n",
           "X: a\rb\r\n",
           "Host: other\r\n",
           "Host: a b\r\n",
       })
    CHECK((fields + std::to_string(status_of(with(fields)))) == fields + "400");
  CHECK(status_of(with(std::string{"X: a\0b\r\n", 9})) == 400);
  CHECK(status_of("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
  CHECK(status_of("GET / HTTP/1.1\r\n\r\n") == 400);
  CHECK(status_of("GET / HTTP/1.0\r\n\r\n") == 0);
  CHECK(status_of(with("Expect: 200-ok\r\n")) == 417);
}

TEST_CASE("a request line has one form") {
  const auto line = [](const std::string& text) { return status_of(text + "\r\nHost: h\r\n\r\n"); };
  CHECK(line("GET / HTTP/1.1") == 0);
  CHECK(line("GET  / HTTP/1.1") == 400);
  CHECK(line("GET / HTTP/1.1 ") == 400);
  CHECK(line(" GET / HTTP/1.1") == 400);
  CHECK(line("GET /a b HTTP/1.1") == 400);
  CHECK(line("GET /") == 400);
  CHECK(line("GET / http/1.1") == 400);
  CHECK(line("GET / HTTP/1.1x") == 400);
  CHECK(line("GET / HTTP/2.0") == 505);
  CHECK(line("GET / HTTP/0.9") == 505);
  CHECK(line("G(T / HTTP/1.1") == 400);
  CHECK(line(std::string{"GET /\0 HTTP/1.1", 15}) == 400);
  CHECK(line("GET /\xc3\xa4 HTTP/1.1") == 400);
  CHECK(line("GET /" + std::string(9000, 'a') + " HTTP/1.1") == 414);
}

TEST_CASE("a head has at most a hundred fields") {
  std::string fields;
  for (int i = 0; i < 99; ++i)
    fields += "X: y\r\n";
  CHECK(status_of(with(fields)) == 0);
  CHECK(status_of(with(fields + "X: y\r\n")) == 431);
}

TEST_CASE("the end of a head is found however the bytes arrive, and a bare line feed is refused at once") {
  const server_limits limits;
  const std::string head = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  std::size_t scanned = 0;
  for (std::size_t size = 1; size < head.size(); ++size) {
    const auto found = find_head_end(std::string_view{head}.substr(0, size), scanned, limits);
    REQUIRE(found);
    REQUIRE_FALSE(*found);
    scanned = size < 3 ? 0 : size - 3;
  }
  CHECK(*find_head_end(head + "rest", scanned, limits) == head.size());
  CHECK_FALSE(find_head_end("GET / HTTP/1.1\n", 0, limits));
  CHECK(find_head_end("GET /" + std::string(17000, 'a'), 0, limits).error().status == 414);
  CHECK(find_head_end("GET / HTTP/1.1\r\nX: " + std::string(17000, 'a'), 0, limits).error().status == 431);
}

TEST_CASE("a host is a name or an address with an optional port") {
  for (const auto* const good : {"a", "a.b-c.example:80", "127.0.0.1:1", "[::1]:80", "[2001:db8::1]"})
    CHECK(is_authority(good));
  for (const auto* const bad : {"", ":80", "a:", "a:b", "a:123456", "u@a", "a/b", "[::1", "[]", "[x]", "a b", "a\"b"})
    CHECK_FALSE(is_authority(bad));
}

}  // namespace
}  // namespace sluice::http
