// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "http/server/negotiation.hpp"
#include "http/server/range.hpp"
#include "http/server/request_id.hpp"
#include "http/server/router.hpp"
#include "http/server/target.hpp"

namespace sluice::http {
namespace {

using kind = byte_range::kind;

/// What RFC 9110 says of `bytes=first-last` for a size, counted byte by byte.
byte_range counted(std::uint64_t first, std::uint64_t last, std::uint64_t size) {
  byte_range expected;
  if (last < first) {
    expected.what = kind::invalid;
    return expected;
  }
  expected.what = kind::unsatisfiable;
  for (std::uint64_t i = 0; i < size; ++i)
    if (i >= first && i <= last) {
      if (expected.length == 0)
        expected.first = i;
      expected.what = kind::part;
      ++expected.length;
    }
  return expected;
}

TEST_CASE("every small range is cut exactly") {
  for (std::uint64_t size = 0; size < 8; ++size)
    for (std::uint64_t first = 0; first < 10; ++first) {
      for (std::uint64_t last = 0; last < 10; ++last)
        REQUIRE(parse_range("bytes=" + std::to_string(first) + "-" + std::to_string(last), size) ==
                counted(first, last, size));
      REQUIRE(parse_range("bytes=" + std::to_string(first) + "-", size) == counted(first, 100, size));
      const auto suffix = parse_range("bytes=-" + std::to_string(first), size);
      REQUIRE(suffix == (first == 0 ? counted(1, 1, 0) : counted(size - std::min(size, first), 100, size)));
    }
}

TEST_CASE("ranges that are not one range of bytes") {
  CHECK(parse_range("", 10).what == kind::whole);
  CHECK(parse_range("lines=0-1", 10).what == kind::whole);
  for (const auto* const bad : {"bytes", "bytes=", "bytes=-", "bytes=0-1,3-4", "bytes=0-1,", "bytes=a-b", "bytes=1--2",
                                "bytes=+1-2", "bytes=0x1-2", "bytes= 1 - 2", "bytes=-1-2"})
    CHECK((bad + std::to_string(static_cast<int>(parse_range(bad, 10).what))) ==
          bad + std::to_string(static_cast<int>(kind::invalid)));
  CHECK(parse_range("bytes=0-99999999999999999999999", 10).length == 10);
  CHECK(parse_range("bytes=99999999999999999999999-", 10).what == kind::unsatisfiable);
  CHECK(parse_range("bytes=-99999999999999999999999", 10).length == 10);
  CHECK(parse_range("Bytes=2-3", 10).first == 2);
}

TEST_CASE("a path has one meaning") {
  const auto path = [](std::string_view target) {
    const auto parsed = parse_target(target);
    return parsed ? parsed->path : std::string{"refused"};
  };
  CHECK(path("/") == "/");
  CHECK(path("//") == "/");
  CHECK(path("//v2//images") == "/v2/images");
  CHECK(path("/v2/images/") == "/v2/images/");
  CHECK(path("/v2/%69mages") == "/v2/images");
  CHECK(path("/a%20b") == "/a b");
  CHECK(path("/%C3%A4") == "/\xc3\xa4");
  CHECK(path("/a?b=/../c") == "/a");
  CHECK(path("http://host:1/a") == "/a");
  CHECK(path("HTTPS://host") == "/");
  CHECK(path("/%2541") == "/%41");
  for (const auto* const bad :
       {"*",  "",    "a",    "host:80", "ftp://h/", "http:///a", "http://u@h/", "/a%2Fb", "/a%5Cb",    "/a%00",
        "/%", "/%4", "/%zz", "/a/../b", "/.",       "/%2e%2e/a", "/a/%2E",      "/a#b",   "/a%0d%0ab", "/a\\b"})
    CHECK((std::string{bad} + path(bad)) == std::string{bad} + "refused");
  CHECK(parse_target("http://host:1/a?x=1")->authority == "host:1");
  CHECK(parse_target("/a?x=1?2")->query == "x=1?2");
}

TEST_CASE("a query is decoded once and encoded back") {
  const auto pairs = parse_query("a=1&&b=x%20y+z&c&d=%3D%26");
  REQUIRE(pairs);
  CHECK(*pairs == query_pairs{{"a", "1"}, {"b", "x y z"}, {"c", ""}, {"d", "=&"}});
  CHECK(format_query(*pairs) == "a=1&b=x%20y%20z&c=&d=%3D%26");
  CHECK(*parse_query(format_query(*pairs)) == *pairs);
  CHECK_FALSE(parse_query("a=%"));
  CHECK_FALSE(parse_query("a=%00"));
  CHECK_FALSE(parse_query("=1"));
  std::string many;
  for (int i = 0; i < 65; ++i)
    many += "a=1&";
  CHECK_FALSE(parse_query(many));
}

TEST_CASE("faults are told in the form the client prefers") {
  CHECK(preferred_fault_form("") == fault_form::glance_plain);
  CHECK(preferred_fault_form("*/*") == fault_form::glance_html);
  CHECK(preferred_fault_form("application/json") == fault_form::glance_json);
  CHECK(preferred_fault_form("application/json, */*;q=0.1") == fault_form::glance_json);
  CHECK(preferred_fault_form("application/json, text/html") == fault_form::glance_html);
  CHECK(preferred_fault_form("application/problem+json") == fault_form::problem);
  CHECK(preferred_fault_form("application/problem+json, application/json") == fault_form::problem);
  CHECK(preferred_fault_form("application/problem+json;q=0, application/json") == fault_form::glance_json);
  CHECK(preferred_fault_form("image/png") == fault_form::glance_plain);
  CHECK(preferred_fault_form(";,;/;q=,q") == fault_form::glance_plain);
}

TEST_CASE("a stream is given only to who names it, a wait only for a number of seconds") {
  CHECK(wants_event_stream("text/event-stream"));
  CHECK(wants_event_stream("text/event-stream, application/json;q=0.5"));
  CHECK_FALSE(wants_event_stream("*/*"));
  CHECK_FALSE(wants_event_stream("text/*"));
  CHECK_FALSE(wants_event_stream("text/event-stream;q=0.1, application/json"));
  CHECK(preferred_wait("wait=5") == std::chrono::seconds{5});
  CHECK(preferred_wait("respond-async, wait=10") == std::chrono::seconds{10});
  CHECK_FALSE(preferred_wait("wait"));
  CHECK_FALSE(preferred_wait("wait=-1"));
  CHECK_FALSE(preferred_wait("wait=99999999999999"));
  CHECK_FALSE(preferred_wait(""));
}

TEST_CASE("routes are whole paths, and say which methods they have") {
  router<int> routes;
  routes.add(verb::get, "/v2/images", 1);
  routes.add(verb::get, "/v2/images/{id}", 2);
  routes.add(verb::delete_, "/v2/images/{id}", 3);
  routes.add(verb::get, "/v2/images/{id}/file", 4);
  routes.add(verb::put, "/v2/images/{id}/tags/{tag}", 5);
  const auto answer = [&](verb method, std::string_view path) {
    const auto found = routes.find(method, path);
    return found.handler ? *found.handler : 0;
  };
  CHECK(answer(verb::get, "/v2/images") == 1);
  CHECK(answer(verb::head, "/v2/images") == 1);
  CHECK(answer(verb::get, "/v2/images/x") == 2);
  CHECK(answer(verb::delete_, "/v2/images/x") == 3);
  CHECK(answer(verb::get, "/v2/images/x/file") == 4);
  CHECK(routes.find(verb::get, "/v2/images/x/file").parameter == "x");
  CHECK(answer(verb::put, "/v2/images/x/tags/y") == 5);
  CHECK(routes.find(verb::put, "/v2/images/x/tags/y").parameter == "x");
  CHECK(routes.find(verb::put, "/v2/images/x/tags/y").second == "y");
  for (const auto* const none :
       {"/v2/images/", "/v2/image", "/v2/images/x/y", "/v2/images//file", "/v2/images/x/file/", "/v2/images/x/tags/",
        "/v2/images//tags/y", "/v2/images/x/tags/y/", "/v2/images/x/tags/y/z", "/v2/images/x/tag"}) {
    CHECK(answer(verb::get, none) == 0);
    CHECK(answer(verb::put, none) == 0);
  }
  CHECK(routes.find(verb::post, "/v2/images/x").allow == "GET, HEAD, DELETE");
  CHECK(routes.find(verb::post, "/nowhere").allow.empty());
}

TEST_CASE("request ids have one form and differ") {
  CHECK(is_request_id(new_request_id()));
  CHECK(new_request_id() != new_request_id());
  CHECK_FALSE(is_request_id("req-1"));
  CHECK_FALSE(is_request_id("00000000-0000-4000-8000-000000000001"));
  CHECK_FALSE(is_uuid("00000000-0000-4000-8000-00000000000g"));
  CHECK_FALSE(is_uuid("00000000x0000-4000-8000-000000000001"));
}

}  // namespace
}  // namespace sluice::http
