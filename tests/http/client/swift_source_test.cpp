// SPDX-License-Identifier: Apache-2.0
#include "http/tokens/caller_tokens.hpp"
#include "tests/http/client/fetching.hpp"

using namespace sluice::http;
using namespace sluice::hostile;
using sluice::schemas::error_code;

namespace {

const std::string whole =
    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nETag: 781e5e245d69b566979b86e28d23f2c7\r\n\r\n0123456789";

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Parts of one Swift, all on the hostile source's port.
struct swift_test : fetching {
  [[nodiscard]] std::string host() const { return "127.0.0.1:" + std::to_string(server.port()); }
  [[nodiscard]] std::string signed_in_by_keystone(const std::string& storage_url) const {
    const auto catalog = R"({"token":{"catalog":[{"type":"object-store","endpoints":[{"interface":"public","url":")" +
                         storage_url + R"("}]}]}})";
    return "HTTP/1.1 201 Created\r\nX-Subject-Token: token-1\r\nContent-Length: " + std::to_string(catalog.size()) +
           "\r\n\r\n" + catalog;
  }
  [[nodiscard]] std::string signed_in(const std::string& storage_url) const {
    return "HTTP/1.1 200 OK\r\nX-Storage-Url: " + storage_url +
           "\r\nX-Auth-Token: token-1\r\nContent-Length: 0\r\n\r\n";
  }
  [[nodiscard]] std::string storage() const { return "http://" + host() + "/v1/AUTH_1"; }
  [[nodiscard]] std::string keystone_location() const {
    return "swift+http://project:user:zebra@" + host() + "/v3/c/o";
  }
  [[nodiscard]] std::string v1_location() const {
    return "swift+http://account:user:zebra@" + host() + "/auth/v1.0/c/o";
  }
};

}  // namespace

TEST_CASE("a public object in Swift is read like any other, without a word about who asks") {
  swift_test test;
  test.server.play({answer_with(whole)});
  const auto got = test.get("swift+http://" + test.host() + "/account/container/path/to/o");
  CHECK(got.message() == "");
  CHECK(got.body == "0123456789");
  CHECK(got.offer.validator == "781e5e245d69b566979b86e28d23f2c7");
  REQUIRE(test.server.requests().size() == 1);
  CHECK(contains(test.server.requests().front(), "GET /v1/account/container/path/to/o HTTP/1.1\r\n"));
  CHECK_FALSE(contains(test.server.requests().front(), "X-Auth"));
}

TEST_CASE("a location with project, user and key signs in at Keystone, and asks where the catalog says") {
  swift_test test;
  test.server.play({answer_with(test.signed_in_by_keystone(test.storage())), answer_with(whole)});
  const auto got = test.get(test.keystone_location());
  CHECK(got.message() == "");
  CHECK(got.body == "0123456789");
  const auto requests = test.server.requests();
  REQUIRE(requests.size() == 2);
  CHECK(contains(requests[0], "POST /v3/auth/tokens HTTP/1.1\r\n"));
  CHECK(contains(requests[0], "Content-Type: application/json\r\n"));
  CHECK(contains(requests[1], "GET /v1/AUTH_1/c/o HTTP/1.1\r\n"));
  CHECK(contains(requests[1], "X-Auth-Token: token-1\r\n"));
}

TEST_CASE("a location with user and key signs in as Swift's own authentication has it") {
  swift_test test;
  test.server.play({answer_with(test.signed_in(test.storage())), answer_with(whole)});
  CHECK(test.get(test.v1_location()).body == "0123456789");
  const auto requests = test.server.requests();
  REQUIRE(requests.size() == 2);
  CHECK(contains(requests[0], "GET /auth/v1.0 HTTP/1.1\r\n"));
  CHECK(contains(requests[0], "X-Auth-User: account:user\r\nX-Auth-Key: zebra\r\n"));
  CHECK(contains(requests[1], "X-Auth-Token: token-1\r\n"));
  CHECK_FALSE(contains(requests[1], "zebra"));
}

TEST_CASE("a transfer from Swift goes on under If-Match after signing in anew") {
  swift_test test;
  const std::string digest = "781e5e245d69b566979b86e28d23f2c7";
  test.server.play({answer_with(test.signed_in(test.storage())),
                    answer_with("HTTP/1.1 206 x\r\nContent-Range: bytes 4-9/10\r\nETag: " + digest +
                                "\r\nContent-Length: 6\r\n\r\n456789")});
  const auto got = test.get(test.v1_location(), 4, digest);
  CHECK(got.offer.offset == 4);
  CHECK(got.body == "456789");
  CHECK(contains(test.server.requests().back(), "If-Match: " + digest + "\r\n"));
}

TEST_CASE("a large object whose segment is gone ends early, and that is a fault") {
  swift_test test;
  test.server.play(
      {answer_with("HTTP/1.1 200 OK\r\nX-Static-Large-Object: True\r\nContent-Length: 10\r\n"
                   "ETag: \"781e5e245d69b566979b86e28d23f2c7\"\r\n\r\n0123")});
  const auto got = test.get("swift+http://" + test.host() + "/a/c/slo");
  CHECK(got.code() == error_code::source_truncated);
  CHECK(got.why->transient);
  CHECK(got.body == "0123");
}

TEST_CASE("a key is not sent on by a redirect, nor a token to another origin") {
  swift_test test;
  SECTION("of the sign-in") {
    test.server.play({answer_with("HTTP/1.1 302 Found\r\nLocation: http://" + test.host() +
                                  "/elsewhere\r\nContent-Length: 0\r\n\r\n")});
    CHECK(test.get(test.v1_location()).code() == error_code::source_redirect);
    CHECK(test.server.connections() == 1);
  }
  SECTION("of the object") {
    hostile_source other;
    other.play({answer_with(whole)});
    test.server.play(
        {answer_with(test.signed_in(test.storage())),
         answer_with("HTTP/1.1 302 Found\r\nLocation: " + other.url("/o") + "\r\nContent-Length: 0\r\n\r\n")});
    CHECK(test.get(test.v1_location()).body == "0123456789");
    REQUIRE(other.requests().size() == 1);
    CHECK_FALSE(contains(other.requests().front(), "token-1"));
  }
}

TEST_CASE("the place to sign in and the storage URL are held to the rules of every location") {
  swift_test test;
  SECTION("an address that is not let through is not connected to") {
    test.sources.allow_networks.clear();
    CHECK(test.get(test.keystone_location()).code() == error_code::source_unreachable);
    CHECK(test.server.connections() == 0);
  }
  SECTION("the storage URL leads to an address that is not let through") {
    test.sources.allow_networks = {"127.0.0.1/32"};
    test.server.play({answer_with(test.signed_in("http://127.0.0.2:" + std::to_string(test.server.port()) + "/v1/A"))});
    CHECK(test.get(test.v1_location()).code() == error_code::source_unreachable);
  }
  SECTION("the storage URL is no URL, has another scheme, or user and password") {
    const auto* const url = GENERATE("/v1/A", "file:///etc", "ftp://127.0.0.1/v1/A", "http://u:p@127.0.0.1/v1/A", "");
    CAPTURE(url);
    test.server.play({answer_with(test.signed_in(url))});
    CHECK(test.get(test.v1_location()).code() == error_code::source_protocol);
    CHECK(test.server.connections() == 1);
  }
}

TEST_CASE("a sign-in that fails says so without the key, and without what the place said") {
  swift_test test;
  const auto keystone = GENERATE(true, false);
  const auto row = GENERATE(
      std::make_pair("HTTP/1.1 401 Unauthorized\r\nContent-Length: 6\r\n\r\nbanana", error_code::source_status),
      std::make_pair("HTTP/1.1 503 banana\r\nContent-Length: 0\r\n\r\n", error_code::source_status),
      std::make_pair("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nbanana", error_code::source_protocol),
      std::make_pair("HTTP/1.1 200 OK\r\nX-Subject-Token: a\r\nX-Subject-Token: b\r\nContent-Length: 0\r\n\r\n",
                     error_code::source_protocol),
      std::make_pair("HTTP/1.1 200 OK\r\nX-Subject-Token: t\r\n\r\n{}", error_code::source_protocol),
      std::make_pair("HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\n{", error_code::source_truncated),
      std::make_pair("banana", error_code::source_protocol), std::make_pair("", error_code::source_truncated));
  const std::string bytes = row.first;
  CAPTURE(bytes, keystone);
  test.server.play({answer_with(bytes)});
  const auto got = test.get(keystone ? test.keystone_location() : test.v1_location());
  if (keystone || row.second != error_code::source_truncated || bytes.empty())
    CHECK(got.code() == row.second);
  else
    CHECK(got.code() == error_code::source_protocol);  // its body is not read
  CHECK_FALSE(contains(got.message(), "zebra"));
  CHECK_FALSE(contains(got.message(), "banana"));
  CHECK(got.message() != "");
}

TEST_CASE("an answer to a sign-in that does not end is not read for ever") {
  swift_test test;
  test.server.play(
      {script{await_request{}, say{"HTTP/1.1 200 OK\r\nX-Subject-Token: t\r\nContent-Length: 900000000000\r\n\r\n"},
              flood{std::string(65536, ' ')}}});
  CHECK(test.get(test.keystone_location()).code() == error_code::source_protocol);
}

TEST_CASE("what is refused to everybody is told with what can be done") {
  swift_test test;
  test.server.play({answer_with("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")});
  const auto got = test.get("swift+http://" + test.host() + "/a/c/o?temp_url_sig=zebra&temp_url_expires=1");
  CHECK(got.code() == error_code::source_status);
  CHECK(contains(got.message(), "temporary URL"));
  CHECK_FALSE(contains(got.message(), "zebra"));
}

TEST_CASE("a caller's token goes to the origin it is for, and nowhere else") {
  swift_test test;
  http_source_factory factory{test.sources, test.limits};
  const auto until = caller_tokens::clock::now() + std::chrono::hours{1};
  const auto fetched = [&](const std::string& location) {
    const auto source = factory.create(test.loop.get_executor(), location);
    return run(test.loop, read_all(*source, 0, "", 4096));
  };
  const auto object = "swift+http://" + test.host() + "/v1/AUTH_1/c/o";
  SECTION("the origin of the catalog") {
    test.server.play({answer_with(whole)});
    const auto handle = factory.tokens()->keep("token-2", "http://" + test.host(), until);
    CHECK(fetched(object + "#" + handle).body == "0123456789");
    CHECK(contains(test.server.requests().front(), "X-Auth-Token: token-2\r\n"));
    CHECK_FALSE(contains(test.server.requests().front(), handle));
  }
  SECTION("another origin, a time that is over, a handle that is not known, a temporary URL") {
    test.server.play({answer_with(whole)});
    const auto elsewhere = factory.tokens()->keep("token-2", "http://127.0.0.1:1", until);
    const auto over = factory.tokens()->keep("token-2", "http://" + test.host(), caller_tokens::clock::now());
    const auto good = factory.tokens()->keep("token-2", "http://" + test.host(), until);
    for (const auto& location : {object + "#" + elsewhere, object + "#" + over, object + "#unknown", object,
                                 object + "?temp_url_sig=1#" + good})
      CHECK(fetched(location).body == "0123456789");
    for (const auto& request : test.server.requests())
      CHECK_FALSE(contains(request, "token-2"));
  }
  SECTION("a redirect to another origin") {
    hostile_source other;
    other.play({answer_with(whole)});
    test.server.play({answer_with("HTTP/1.1 307 x\r\nLocation: " + other.url() + "\r\nContent-Length: 0\r\n\r\n")});
    const auto handle = factory.tokens()->keep("token-2", "http://" + test.host(), until);
    CHECK(fetched(object + "#" + handle).body == "0123456789");
    CHECK_FALSE(contains(other.requests().front(), "token-2"));
  }
}

TEST_CASE("callers' tokens are bounded: the one that would end first makes room") {
  caller_tokens tokens;
  const auto now = caller_tokens::clock::now();
  const auto first = tokens.keep("first", "o", now + std::chrono::hours{1});
  std::string last;
  for (std::size_t i = 0; i < caller_tokens::most; ++i)
    last = tokens.keep("t" + std::to_string(i), "o", now + std::chrono::hours{2});
  CHECK_FALSE(tokens.find(first));
  REQUIRE(tokens.find(last));
  CHECK(tokens.find(last)->token == "t" + std::to_string(caller_tokens::most - 1));
}
