// SPDX-License-Identifier: Apache-2.0
#include "schemas/swift_location.hpp"

#include <catch2/catch.hpp>

#include "schemas/image_import.hpp"
#include "schemas/swift_sign_in.hpp"

namespace {

using namespace sluice::schemas;

sources_configuration any_port() {
  sources_configuration sources;
  sources.ports.clear();
  return sources;
}

swift_location taken(const std::string& url) {
  INFO(url);
  auto parsed = parse_swift_location(url, any_port());
  INFO((parsed ? std::string{} : parsed.error().message));
  REQUIRE(parsed);
  return *parsed;
}

}  // namespace

TEST_CASE("A Swift location without user and key is the URL of the object") {
  struct row {
    std::string url, origin, target;
  };
  const std::vector<row> rows{
      {"swift://cloud.foo/myaccount/mycontainer/path", "https://cloud.foo:443", "/v1/myaccount/mycontainer/path"},
      {"swift://cloud.foo/a/c/path/to/img.raw", "https://cloud.foo:443", "/v1/a/c/path/to/img.raw"},
      {"swift+https://cloud.foo/v1/AUTH_0123/images/obj", "https://cloud.foo:443", "/v1/AUTH_0123/images/obj"},
      {"SWIFT+HTTP://cloud.foo:8080/v1/AUTH_0123/images/a%2Fb", "http://cloud.foo:8080", "/v1/AUTH_0123/images/a%2Fb"},
      {"swift+http://cloud.foo/v1.0/A/c/o", "http://cloud.foo:80", "/v1.0/A/c/o"},
      {"swift://cloud.foo/swift/v1/c/o", "https://cloud.foo:443", "/swift/v1/c/o"},
      {"swift://cloud.foo/swift/c/o", "https://cloud.foo:443", "/v1/swift/c/o"},
      {"swift://[2001:db8::1]/v1/A/c/o", "https://[2001:db8::1]:443", "/v1/A/c/o"},
  };
  for (const auto& row : rows) {
    const auto got = taken(row.url);
    CHECK(got.access == swift_access::open);
    CHECK(got.where.origin() == row.origin);
    CHECK(got.where.target == row.target);
    CHECK_FALSE(got.temporary);
  }
  const auto signed_url = taken("swift://h/v1/A/c/o?temp_url_sig=abc&temp_url_expires=1");
  CHECK(signed_url.temporary);
  CHECK(signed_url.where.target == "/v1/A/c/o?temp_url_sig=abc&temp_url_expires=1");
}

TEST_CASE("A Swift location with user and key says where to sign in, and as whom") {
  const auto v3 = taken("swift+http://a:alice:s%2Fecr%40t@127.0.0.1:5000/v3/images/path%2Fto%2Fimg.raw");
  CHECK(v3.access == swift_access::keystone);
  CHECK(v3.where.origin() == "http://127.0.0.1:5000");
  CHECK(v3.where.target == "/v3");
  CHECK(v3.project == "a");
  CHECK(v3.user == "alice");
  CHECK(v3.key == "s/ecr@t");
  CHECK(v3.object == "/images/path%2Fto%2Fimg.raw");

  CHECK(taken("swift://p:u:k@cloud.foo/identity/v3/c/o").where.target == "/identity/v3");
  const auto v1 = taken("swift://user:key@cloud.foo/auth/v1.0/images/obj");
  CHECK(v1.access == swift_access::v1);
  CHECK(v1.where.target == "/auth/v1.0");
  CHECK(v1.user == "user");
  CHECK(v1.key == "key");
  CHECK(v1.object == "/images/obj");
  CHECK(taken("swift://test:tester:testing@cloud.foo/auth/v1.0/images/obj").user == "test:tester");
}

TEST_CASE("What a Swift location must not be is refused, and its key is never repeated") {
  for (const std::string url : {"swift:",
                                "swift:/a/c/o",
                                "swift://",
                                "swift:///v1/a/c/o",
                                "swift://cloud.foo",
                                "swift://cloud.foo/a/c",
                                "swift://cloud.foo/v1/a/c",
                                "swift://cloud.foo/v1/a/c/",
                                "swift://cloud.foo/v1//c/o",
                                "swift://cloud.foo//a/c/o",
                                "swift://cloud.foo/v1/a/../o",
                                "swift://cloud.foo/v1/a/%2E%2e/o",
                                "swift://cloud.foo/v1/a/c/../../o",
                                "swift://cloud.foo/swift/v1/c",
                                "swift://127.1/v1/a/c/o",
                                "swift://cloud.foo\\v1/a/c/o",
                                "swift://u:zebra@http://cloud.foo/v1/c/o",
                                "swift://u:zebra@cloud.foo/c/o",
                                "swift://u:zebra@cloud.foo/v3/c/o",
                                "swift://u:zebra@cloud.foo/v2.0/c/o",
                                "swift://p:u:zebra@cloud.foo/v2.0/c/o",
                                "swift://zebra@cloud.foo/v3/c/o",
                                "swift://a:b:c:zebra@cloud.foo/v3/c/o",
                                "swift://:zebra@cloud.foo/auth/v1.0/c/o",
                                "swift://u:@cloud.foo/auth/v1.0/c/o",
                                "swift://u:ze%0d%0abra@cloud.foo/auth/v1.0/c/o",
                                "swift://u:zebra%@cloud.foo/auth/v1.0/c/o",
                                "swift://u:ze bra@cloud.foo/auth/v1.0/c/o",
                                "swift://u:ze@bra@cloud.foo/auth/v1.0/c/o",
                                "swift://u:ze/bra@cloud.foo/auth/v1.0/c/o",
                                "swift://p:u:zebra@cloud.foo/v3/c/",
                                "swift://p:u:zebra@cloud.foo/v3//o",
                                "swift://p:u:zebra@cloud.foo/v3/c/..",
                                "swift://p:u:zebra@cloud.foo/v3/c/o?zebra",
                                "swift+config://ref1/container/object",
                                "swift+ftp://h/v1/a/c/o",
                                "swift+file:///v1/a/c/o"}) {
    INFO(url);
    const auto got = parse_swift_location(url, any_port());
    REQUIRE_FALSE(got);
    CHECK_FALSE(got.error().message.empty());
    CHECK_THAT(got.error().message, !Catch::Matchers::Contains("zebra"));
    CHECK_FALSE(normalised_location(url, any_port()));
  }
  CHECK(parse_swift_location("swift://h:8080/v1/a/c/o", {}).error().code == error_code::port_not_allowed);
  auto plain_only = any_port();
  plain_only.schemes = {"http", "https", "swift+https"};
  CHECK(parse_swift_location("swift+http://h/v1/a/c/o", plain_only).error().code == error_code::scheme_not_allowed);
  CHECK(parse_swift_location("swift+https://h/v1/a/c/o", plain_only));
  CHECK_FALSE(parse_swift_location("swift://h/v1/a/c/" + std::string(2048, 'x'), any_port()));
}

TEST_CASE("A Swift location is kept in one spelling that means the same, and shown without its secrets") {
  const auto sources = any_port();
  CHECK(normalised_location("SWIFT://Cloud.Foo/a/c/o#x", sources) == "swift://cloud.foo/a/c/o");
  CHECK(normalised_location("swift+http://h:80/v1/a/c/o", sources) == "swift+http://h/v1/a/c/o");
  CHECK(normalised_location("HTTPS://H/a#b", sources) == "https://h/a");
  const std::string secret = "swift+http://a:alice:s%40t@127.0.0.1:5000/v3/images/o";
  REQUIRE(normalised_location(secret, sources) == secret);
  CHECK(location_without_credentials(secret) == "swift+http://127.0.0.1:5000/v3/images/o");
  CHECK(taken("swift://h/a/c/o#handle").token_handle == "handle");
  for (const std::string yes : {"swift://h", "swift:", "SWIFT+http://h", "swift+x:"})
    CHECK(is_swift_location(yes));
  for (const std::string no : {"", "swift", "swifts://h", "https://swift/", "sw"})
    CHECK_FALSE(is_swift_location(no));
}

TEST_CASE("What a sign-in names as the storage URL is judged before anything is sent there") {
  const auto sources = any_port();
  const auto at = parse_location("https://cloud.foo/v3", sources).value();
  const auto found = object_location(at, "https://store.foo:8080/v1/AUTH_1/", "/c/o%2Fp", sources);
  REQUIRE(found);
  CHECK(found->origin() == "https://store.foo:8080");
  CHECK(found->target == "/v1/AUTH_1/c/o%2Fp");
  for (const std::string url : {"", "/v1/AUTH_1", "http://store.foo/v1/A", "file:///v1/A", "https://u:p@store.foo/v1/A",
                                "https://store.foo/v1/A?zebra", "https://store.foo/v1/A#zebra", "https://127.1/v1/A",
                                "zebra", "https://store.foo/v1/\r\nA", "swift://store.foo/v1/A"}) {
    INFO(url);
    const auto refused = object_location(at, url, "/c/o", sources);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == error_code::source_protocol);
    CHECK_THAT(refused.error().message, !Catch::Matchers::Contains("zebra"));
  }
  CHECK_FALSE(object_location(at, "https://store.foo:8080/v1/A", "/c/o", {}));
  auto only_swift = any_port();
  only_swift.schemes = {"swift"};
  CHECK(object_location(at, "https://store.foo/v1/A", "/c/o", only_swift));
}

TEST_CASE("A sign-in at Keystone is one JSON document, whatever the names hold") {
  CHECK(keystone_sign_in_request("al\"ice", "k\\ey", "a", "Default") ==
        R"({"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"al\"ice","password":"k\\ey",)"
        R"("domain":{"name":"Default"}}}},"scope":{"project":{"name":"a","domain":{"name":"Default"}}}}})");
}

TEST_CASE("The object store is the first public object-store endpoint of the catalog") {
  CHECK(object_store_endpoint(R"({"token":{"catalog":[
          {"type":"identity","endpoints":[{"interface":"public","url":"http://no/"}]},
          {"type":"object-store"}, {"type":7,"endpoints":[]}, {"endpoints":"x"},
          {"type":"object-store","endpoints":[{"interface":"internal","url":"http://no/"},
             {"interface":"public","url":""}, {"interface":"public","url":"http://store/v1/AUTH_1","region":"r"}]}]}})") ==
        std::string{"http://store/v1/AUTH_1"});
  for (const std::string answer : {"", "null", "[]", "{}", "<html>zebra</html>", R"({"token":{"catalog":[]}})",
                                   R"({"token":{"catalog":{"type":"object-store"}}})", R"({"token":{}})",
                                   R"({"token":"zebra"})", R"({"catalog":[]})"}) {
    INFO(answer);
    const auto none = object_store_endpoint(answer);
    REQUIRE_FALSE(none);
    CHECK(none.error().code == error_code::source_protocol);
    CHECK_THAT(none.error().message, !Catch::Matchers::Contains("zebra"));
  }
}
