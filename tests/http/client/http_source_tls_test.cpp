// SPDX-License-Identifier: Apache-2.0
#include <openssl/ssl.h>

#include "tests/http/client/fetching.hpp"

using namespace sluice::http;
using namespace sluice::hostile;
using sluice::schemas::error_code;
using namespace std::chrono_literals;

namespace {

const certificate_authority& authority() {
  static const certificate_authority made;
  return made;
}

struct tls_fetching : fetching {
  temporary_file ca{authority().pem()};

  explicit tls_fetching(const certificate& shown, int newest = 0)
      : fetching{hostile_options{"127.0.0.1", shown, newest}} {
    sources.ca_file = ca.path();
    server.play({answer_with("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")});
  }
};

void check_refused(tls_fetching& test, const std::string& words) {
  const auto got = test.get(test.server.url());
  CHECK(got.code() == error_code::source_tls);
  CHECK_FALSE((got.why && got.why->transient));
  CHECK(got.message().find(words) != std::string::npos);
  CHECK(got.message().find("Test source") == std::string::npos);
  CHECK(test.server.requests().empty());
}

}  // namespace

TEST_CASE("an image is fetched over TLS from a source that proves its name") {
  tls_fetching test{authority().issue({"DNS:localhost,IP:127.0.0.1"})};
  CHECK(test.get(test.server.url()).body == "ok");
  CHECK(test.get("https://localhost:" + std::to_string(test.server.port()) + "/image").body == "ok");
}

TEST_CASE("TLS 1.2 is enough") {
  tls_fetching test{authority().issue({}), TLS1_2_VERSION};
  CHECK(test.get(test.server.url()).body == "ok");
}

TEST_CASE("TLS 1.1 is refused") {
  tls_fetching test{authority().issue({}), TLS1_1_VERSION};
  check_refused(test, "TLS 1.2");
}

TEST_CASE("an expired certificate is refused") {
  tls_fetching test{authority().issue({"IP:127.0.0.1", -24h, -1h})};
  check_refused(test, "expired");
}

TEST_CASE("a certificate from the future is refused") {
  tls_fetching test{authority().issue({"IP:127.0.0.1", 1h, 24h})};
  check_refused(test, "not valid yet");
}

TEST_CASE("a certificate for another host is refused") {
  const auto* const names = GENERATE("DNS:example.org", "IP:127.0.0.2", "DNS:127.0.0.1");
  CAPTURE(names);
  tls_fetching test{authority().issue({names})};
  check_refused(test, "not for the host");
}

TEST_CASE("a certificate of an unknown authority is refused, although it bears the name of a known one") {
  const certificate_authority stranger;
  tls_fetching test{stranger.issue({})};
  check_refused(test, "not issued by an authority");
}

TEST_CASE("without ca_file the system's authorities decide, and ours is not among them") {
  tls_fetching test{authority().issue({})};
  test.sources.ca_file = "";
  check_refused(test, "not issued by an authority");
}

TEST_CASE("a source without TLS behind an https location is refused") {
  fetching test;
  test.server.play({{say{"HTTP/1.1 400 Bad Request\r\n\r\n"}}});
  const auto got = test.get("https://127.0.0.1:" + std::to_string(test.server.port()) + "/image");
  CHECK(got.code() == error_code::source_tls);
  CHECK_FALSE(got.why->transient);
}

TEST_CASE("a redirect from https to http is refused, from http to https followed") {
  tls_fetching secure{authority().issue({})};
  fetching plain;
  secure.server.play({answer_with("HTTP/1.1 302 x\r\nLocation: " + plain.server.url() + "\r\n\r\n")});
  const auto down = secure.get(secure.server.url());
  CHECK(down.code() == error_code::source_redirect);
  CHECK(plain.server.connections() == 0);

  secure.server.play({answer_with("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")});
  plain.server.play({answer_with("HTTP/1.1 302 x\r\nLocation: " + secure.server.url() + "\r\n\r\n")});
  plain.sources.ca_file = secure.ca.path();
  CHECK(plain.get(plain.server.url()).body == "ok");
}

TEST_CASE("a body cut under TLS is a truncation") {
  tls_fetching test{authority().issue({})};
  test.server.play({answer_with("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")});
  const auto got = test.get(test.server.url());
  CHECK(got.code() == error_code::source_truncated);
  CHECK(got.why->transient);
  CHECK(got.body == "hello");
}

TEST_CASE("a large body arrives whole under TLS") {
  tls_fetching test{authority().issue({})};
  const std::string body(3'000'000, 'q');
  test.server.play({answer_with("HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + body)});
  CHECK(test.get(test.server.url(), 0, {}, 262'144).body == body);
}
