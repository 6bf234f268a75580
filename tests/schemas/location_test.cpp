// SPDX-License-Identifier: Apache-2.0
#include "schemas/location.hpp"

#include <catch2/catch.hpp>

#include "schemas/image_import.hpp"

namespace {

using namespace sluice::schemas;

struct accepted {
  std::string url;
  std::string scheme;
  std::string host;
  std::uint16_t port;
  std::string target;
};

struct refused {
  std::string url;
  error_code code;
  std::string says;  ///< a part of the message that names the fault
};

sources_configuration any_port() {
  sources_configuration sources;
  sources.ports.clear();
  return sources;
}

}  // namespace

TEST_CASE("A location is taken apart into what is dialled and what is sent") {
  const std::vector<accepted> rows{
      {"http://example.org", "http", "example.org", 80, "/"},
      {"https://example.org", "https", "example.org", 443, "/"},
      {"HTTPS://EXAMPLE.ORG/Disk.QCOW2", "https", "example.org", 443, "/Disk.QCOW2"},
      {"http://example.org:80/a", "http", "example.org", 80, "/a"},
      {"http://example.org:443/a", "http", "example.org", 443, "/a"},
      {"http://example.org:/a", "http", "example.org", 80, "/a"},
      {"http://example.org:00080/a", "http", "example.org", 80, "/a"},
      {"https://example.org?x=1", "https", "example.org", 443, "/?x=1"},
      {"https://example.org/a?b=c&d=%20e#fragment", "https", "example.org", 443, "/a?b=c&d=%20e"},
      {"https://example.org/a?", "https", "example.org", 443, "/a?"},
      {"https://example.org/a#", "https", "example.org", 443, "/a"},
      {"https://example.org/a%2Fb/%41", "https", "example.org", 443, "/a%2Fb/%41"},
      {"https://example.org//double", "https", "example.org", 443, "//double"},
      {"https://example.org/@scope/x", "https", "example.org", 443, "/@scope/x"},
      {"https://xn--bcher-kva.example/", "https", "xn--bcher-kva.example", 443, "/"},
      {"https://under_score.example/", "https", "under_score.example", 443, "/"},
      {"https://1and1.example1/", "https", "1and1.example1", 443, "/"},
      {"https://localhost/", "https", "localhost", 443, "/"},
      {"https://127.0.0.1/", "https", "127.0.0.1", 443, "/"},
      {"https://[2001:DB8:0:0::1]/x", "https", "2001:db8::1", 443, "/x"},
      {"https://[::ffff:10.0.0.1]/x", "https", "::ffff:10.0.0.1", 443, "/x"},
      {"https://[::1]:80/x", "https", "::1", 80, "/x"},
  };
  for (const auto& row : rows) {
    INFO(row.url);
    const auto parsed = parse_location(row.url, {});
    REQUIRE(parsed);
    CHECK(parsed->scheme == row.scheme);
    CHECK(parsed->host == row.host);
    CHECK(parsed->port == row.port);
    CHECK(parsed->target == row.target);
    CHECK(parsed->host_is_ipv6 == (row.host.find(':') != std::string::npos));
  }
}

TEST_CASE("A location that two parsers could read differently, or that is not allowed, is refused") {
  using enum error_code;
  const std::vector<refused> rows{
      {"", invalid_location, "empty"},
      {std::string(2049, 'a'), invalid_location, "2048"},
      {"https://h/" + std::string(2039, 'a'), invalid_location, "2048"},
      {"nonsense", invalid_location, "not a valid URL"},
      {"/relative", invalid_location, "not a valid URL"},
      {"//example.org/x", invalid_location, "not a valid URL"},
      {"http:", invalid_location, "no host"},
      {"http:/one-slash", invalid_location, "no host"},
      {"http:opaque", invalid_location, "no host"},
      {"http://", invalid_location, "no host"},
      {"http:///path", invalid_location, "no host"},
      {"http://:80/", invalid_location, "no host"},
      {"http://?q", invalid_location, "no host"},
      // Schemes
      {"file:///etc/passwd", scheme_not_allowed, "http, https"},
      {"filesystem:http://h/x", scheme_not_allowed, "http, https"},
      {"ftp://example.org/x", scheme_not_allowed, "http, https"},
      {"gopher://example.org/x", scheme_not_allowed, "http, https"},
      {"unix:/run/docker.sock", scheme_not_allowed, "http, https"},
      {"http+unix://%2Frun%2Fdocker.sock/x", scheme_not_allowed, "http, https"},
      {"data:,x", scheme_not_allowed, "http, https"},
      {"json:{}", invalid_location, "not a valid URL"},
      {"nbd://example.org/x", scheme_not_allowed, "http, https"},
      {"swift://account/container/object", scheme_not_allowed, "Swift"},
      {"swift+https://u:k@h/v1/c/o", scheme_not_allowed, "Swift"},
      {"swift+config://ref/c/o", scheme_not_allowed, "Swift"},
      // Credentials
      {"https://user@example.org/", invalid_location, "user name"},
      {"https://user:secret@example.org/", invalid_location, "user name"},
      {"https://:secret@example.org/", invalid_location, "user name"},
      {"https://@example.org/", invalid_location, "user name"},
      {"https://good.example%40evil.example/", invalid_location, "percent-encoded"},
      {"https://good.example@evil.example/", invalid_location, "user name"},
      // Characters
      {"https://example.org\\@evil.example/", invalid_location, "backslash"},
      {"https:\\\\example.org/", invalid_location, "backslash"},
      {"https://example.org/a b", invalid_location, "space"},
      {" https://example.org/", invalid_location, "space"},
      {"https://example.org/\r\nX: y", invalid_location, "control"},
      {"https://example.org/\t", invalid_location, "control"},
      {std::string("https://example.org/\0x", 22), invalid_location, "control"},
      {"https://example.org/\x7f", invalid_location, "control"},
      {"https://b\xc3\xbc"
       "cher.example/",
       invalid_location, "ASCII"},
      {"https://example\xe3\x80\x82org/", invalid_location, "ASCII"},  // U+3002 ideographic full stop
      {"https://example\xef\xbc\x8eorg/", invalid_location, "ASCII"},  // U+FF0E fullwidth full stop
      {"https://example\xef\xbd\xa1org/", invalid_location, "ASCII"},  // U+FF61 halfwidth ideographic full stop
      {"https://\xe2\x91\xa0"
       "27.0.0.1/",
       invalid_location, "ASCII"},  // circled digit one
      {"https://example.org/\xff", invalid_location, "ASCII"},
      {"https://example.org/<x>", invalid_location, "not a valid URL"},
      {"https://example.org/%zz", invalid_location, "not a valid URL"},
      {"https://example.org/%4", invalid_location, "not a valid URL"},
      // Hosts
      {"https://%31%32%37.0.0.1/", invalid_location, "percent-encoded"},
      {"https://example%2eorg/", invalid_location, "percent-encoded"},
      {"https://example.org./", invalid_location, "ends in a dot"},
      {"https://./", invalid_location, "ends in a dot"},
      {"https://127.0.0.1./", invalid_location, "not a valid URL"},
      {"https://2130706433./", invalid_location, "ends in a dot"},
      {"https://a..b/", invalid_location, "empty label"},
      {"https://.example.org/", invalid_location, "empty label"},
      {"https://a,b/", invalid_location, "character"},
      {"https://a;b/", invalid_location, "character"},
      {"https://a*b/", invalid_location, "character"},
      {"https://a!b/", invalid_location, "character"},
      {"https://" + std::string(64, 'a') + ".example/", invalid_location, "63"},
      {"https://" + std::string(254, 'a') + "/", invalid_location, "253"},
      {"https://2130706433/", invalid_location, "unusual way"},
      {"https://0/", invalid_location, "unusual way"},
      {"https://127.1/", invalid_location, "unusual way"},
      {"https://127.0.1/", invalid_location, "unusual way"},
      {"https://0x7f.1/", invalid_location, "unusual way"},
      {"https://0x7f000001/", invalid_location, "unusual way"},
      {"https://0X7F.0.0.1/", invalid_location, "unusual way"},
      {"https://127.0.0.0x1/", invalid_location, "not a valid URL"},
      {"https://0x/", invalid_location, "unusual way"},
      {"https://017700000001/", invalid_location, "unusual way"},
      {"https://0177.0.0.1/", invalid_location, "unusual way"},
      {"https://127.0.0.01/", invalid_location, "unusual way"},
      {"https://256.0.0.1/", invalid_location, "unusual way"},
      {"https://1.2.3.4.5/", invalid_location, "not a valid URL"},
      {"https://example.1/", invalid_location, "unusual way"},
      // Boost.URL 1.81 alone takes these for a host with a path that does not begin with a slash.
      {"https://127.0.0.1.evil.example/", invalid_location, "not a valid URL"},
      {"https://127.0.0.1x/", invalid_location, "not a valid URL"},
      {"https://[::1]:80evil/", invalid_location, "not a valid URL"},
      {"https://user:pa/ss@evil.example/", invalid_location, "not a valid URL"},
      {"https://[fe80::1%25eth0]/", invalid_location, "zone"},
      {"https://[fe80::1%eth0]/", invalid_location, "not a valid URL"},
      {"https://[::1/", invalid_location, "not a valid URL"},
      {"https://[]/", invalid_location, "not a valid URL"},
      {"https://[v1.x]/", invalid_location, "unknown version"},
      {"https://[127.0.0.1]/", invalid_location, "not a valid URL"},
      {"https://[::1]evil.example/", invalid_location, "not a valid URL"},
      {"https://::1/", invalid_location, "not a valid URL"},
      // Ports
      {"https://example.org:0/", invalid_location, "1 to 65535"},
      {"https://example.org:65536/", invalid_location, "1 to 65535"},
      {"https://example.org:4294967376/", invalid_location, "1 to 65535"},
      {"https://example.org:99999999999999999999/", invalid_location, "1 to 65535"},
      {"https://example.org:8080/", port_not_allowed, "80, 443"},
      {"https://example.org:22/", port_not_allowed, "Port 22"},
      {"https://example.org:-80/", invalid_location, "not a valid URL"},
      {"https://example.org:80x/", invalid_location, "not a valid URL"},
  };
  for (const auto& row : rows) {
    INFO(row.url);
    const auto parsed = parse_location(row.url, {});
    REQUIRE_FALSE(parsed);
    INFO(parsed.error().message);
    CHECK(to_string(parsed.error().code) == to_string(row.code));
    CHECK_THAT(parsed.error().message, Catch::Matchers::Contains(row.says));
    CHECK_THAT(parsed.error().message, !Catch::Matchers::Contains("secret"));
    CHECK(parsed.error().message.back() == '.');
  }
}

TEST_CASE("The default port of a scheme is held against the allowed ports, too") {
  sources_configuration sources;
  sources.ports = {443};
  CHECK_FALSE(parse_location("http://example.org/", sources));
  CHECK(parse_location("http://example.org/", sources).error().code == error_code::port_not_allowed);
  CHECK(parse_location("https://example.org/", sources));
  CHECK(parse_location("http://example.org:443/", sources));
  CHECK(parse_location("http://example.org:8080/", any_port()));
  CHECK_FALSE(parse_location("http://example.org:0/", any_port()));
}

TEST_CASE("Only configured schemes are read, and a configuration cannot add one that the service cannot read") {
  auto sources = any_port();
  sources.schemes = {"https", "ftp"};
  CHECK(parse_location("http://example.org/", sources).error().code == error_code::scheme_not_allowed);
  CHECK(parse_location("ftp://example.org/", sources).error().code == error_code::scheme_not_allowed);
  CHECK(parse_location("https://example.org/", sources));
  sources.schemes.clear();
  CHECK_THAT(parse_location("https://example.org/", sources).error().message, Catch::Matchers::Contains("allows none"));
}

TEST_CASE("A location is shown without its query, and named without its default port") {
  const auto sources = any_port();
  const auto plain = parse_location("https://example.org/a/b?X-Signature=secret", sources).value();
  CHECK(plain.display() == "https://example.org/a/b");
  CHECK(plain.origin() == "https://example.org:443");
  CHECK(plain.host_header() == "example.org");
  CHECK(plain.secure());
  const auto literal = parse_location("http://[2001:db8::1]:8080/?q", sources).value();
  CHECK(literal.display() == "http://[2001:db8::1]:8080/");
  CHECK(literal.origin() == "http://[2001:db8::1]:8080");
  CHECK(literal.host_header() == "[2001:db8::1]:8080");
  CHECK_FALSE(literal.secure());
}

TEST_CASE("A redirect is resolved against where it came from and judged like a location") {
  const auto sources = any_port();
  const auto from = parse_location("https://example.org:8443/a/b/c?x=1", sources).value();
  struct row {
    std::string reference;
    std::string display;
    std::string target;
  };
  const std::vector<row> rows{
      {"https://other.example/z?token=1#f", "https://other.example/z", "/z?token=1"},
      {"https://other.example/y%2Fz?u=%2F", "https://other.example/y%2Fz", "/y%2Fz?u=%2F"},
      {"//other.example/y%2Fz", "https://other.example/y%2Fz", "/y%2Fz"},
      {"/y%2Fz", "https://example.org:8443/y%2Fz", "/y%2Fz"},
      {"https://other.example/a/../z", "https://other.example/z", "/z"},
      {"//other.example/z", "https://other.example/z", "/z"},
      {"/z", "https://example.org:8443/z", "/z"},
      {"z", "https://example.org:8443/a/b/z", "/a/b/z"},
      {"../z?y=2", "https://example.org:8443/a/z", "/a/z?y=2"},
      {"../../../../z", "https://example.org:8443/z", "/z"},
      {"?y=2", "https://example.org:8443/a/b/c", "/a/b/c?y=2"},
      {"../../../..", "https://example.org:8443/", "/"},
      {"..", "https://example.org:8443/a/", "/a/"},
      {"#f", "https://example.org:8443/a/b/c", "/a/b/c?x=1"},
  };
  for (const auto& each : rows) {
    INFO(each.reference);
    const auto next = resolve_redirect(from, each.reference, sources);
    REQUIRE(next);
    CHECK(next->display() == each.display);
    CHECK(next->target == each.target);
  }
}

TEST_CASE("A redirect never leads to a weaker or an unlisted place, and its text is never echoed") {
  const sources_configuration sources;
  const auto from = parse_location("https://example.org/a", sources).value();
  for (const std::string reference :
       {"http://example.org/zebra", "file:///zebra", "gopher://zebra/", "//zebra:22/", "https://zebra@example.org/",
        "//127.1/zebra", "//zebra./", "", "\\\\zebra", "/zebra\r\n", "//[zebra]/", "https:zebra",
        "https://zebra%2eorg/", "//127.0.0.1.zebra/", "//[::1]zebra/", "swift://zebra/c/o"}) {
    INFO(reference);
    const auto next = resolve_redirect(from, reference, sources);
    REQUIRE_FALSE(next);
    CHECK(next.error().code == error_code::source_redirect);
    CHECK_THAT(next.error().message, !Catch::Matchers::Contains("zebra"));
  }
  CHECK_FALSE(resolve_redirect(from, "/" + std::string(2048, 'x'), sources));
  const auto deep = parse_location("https://example.org/" + std::string(1500, 'x') + "/y", sources).value();
  CHECK_FALSE(resolve_redirect(deep, std::string(1000, 'z'), sources));
  CHECK(resolve_redirect(parse_location("http://example.org/", sources).value(), "https://example.org/", sources));
}

TEST_CASE("What an owner sees of a location has no userinfo, query or fragment") {
  CHECK(location_without_credentials("https://example.org/a?sig=1#f") == "https://example.org/a");
  CHECK(location_without_credentials("https://u:p@example.org:8443/a") == "https://example.org:8443/a");
  CHECK(location_without_credentials("swift+http://t:u:k@h:5000/v3/c/o") == "swift+http://h:5000/v3/c/o");
  CHECK(location_without_credentials("https://[::1]/a?b") == "https://[::1]/a");
  CHECK(location_without_credentials("https://user:pa/ss@host/") == "");
  CHECK(location_without_credentials("secret") == "");
  CHECK(location_without_credentials("") == "");
}
