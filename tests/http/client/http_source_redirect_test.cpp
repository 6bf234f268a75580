// SPDX-License-Identifier: Apache-2.0
#include "tests/http/client/fetching.hpp"

using namespace sluice::http;
using namespace sluice::hostile;
using sluice::schemas::error_code;

namespace {

script redirect_to(const std::string& where, int status = 302) {
  return answer_with("HTTP/1.1 " + std::to_string(status) + " x\r\nLocation: " + where +
                     "\r\nContent-Length: 0\r\n\r\n");
}

const script image = answer_with("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");

}  // namespace

TEST_CASE("redirects of every kind are followed, relative and absolute") {
  fetching test;
  const int status = GENERATE(301, 302, 303, 307, 308);
  test.server.play({redirect_to("next?a=b", status), redirect_to(test.server.url("/third"), status), image});
  CHECK(test.get(test.server.url("/folder/image?secret")).body == "ok");
  const auto requests = test.server.requests();
  REQUIRE(requests.size() == 3);
  CHECK(requests[1].starts_with("GET /folder/next?a=b HTTP/1.1\r\n"));
  CHECK(requests[2].starts_with("GET /third HTTP/1.1\r\n"));
  for (const auto& each : requests) {
    CHECK(each.find("Referer") == std::string::npos);
    CHECK(each.find("Authorization") == std::string::npos);
    CHECK(each.find("Cookie") == std::string::npos);
  }
}

TEST_CASE("five redirects are followed and six are not") {
  fetching test;
  std::vector<script> scripts(5, redirect_to("/again"));
  scripts.push_back(image);
  test.server.play(scripts);
  CHECK(test.get(test.server.url()).body == "ok");

  test.server.play({redirect_to("/again")});
  const auto got = test.get(test.server.url());
  CHECK(got.code() == error_code::source_redirect);
  CHECK_FALSE(got.why->transient);
  CHECK(test.server.connections() == 12);
}

TEST_CASE("a redirect is judged like the location itself") {
  fetching test;
  const auto* const where = GENERATE(
      "file:///etc/passwd", "ftp://example.org/a", "gopher://example.org/a", "unix:/run/a", "http://2130706433/",
      "http://0x7f.1/", "http://user:secret@127.0.0.1/", "http://127.0.0.1:0/", "http:///a", "http://a\\b/");
  CAPTURE(where);
  test.server.play({redirect_to(where), image});
  const auto got = test.get(test.server.url());
  CHECK(got.code() == error_code::source_redirect);
  CHECK_FALSE(got.why->transient);
  CHECK(got.message().find("secret") == std::string::npos);
  CHECK(got.message().find("passwd") == std::string::npos);
  CHECK(test.server.connections() == 1);
}

TEST_CASE("a redirect to a refused address reads like an unreachable host") {
  fetching test;
  test.sources.allow_networks = {"127.0.0.1"};
  fetching other{hostile_options{"127.0.0.2", {}, 0}};
  const std::vector<std::string> refused{other.server.url(), "http://169.254.169.254/latest/", "http://[::1]:1/",
                                         "http://[::ffff:127.0.0.2]:1/"};
  const auto which = GENERATE(0U, 1U, 2U, 3U);
  CAPTURE(refused[which]);
  test.server.play({redirect_to(refused[which])});
  const auto got = test.get(test.server.url());
  CHECK(got.code() == error_code::source_unreachable);
  CHECK(got.message() == "Could not retrieve image. The source host could not be reached.");
  CHECK_FALSE(got.why->transient);
  CHECK(other.server.connections() == 0);
}

TEST_CASE("a redirect to a port that is not allowed is refused") {
  fetching test;
  hostile_source other;
  test.sources.ports = {test.server.port()};
  test.server.play({redirect_to(other.url())});
  CHECK(test.get(test.server.url()).code() == error_code::source_redirect);
  CHECK(other.connections() == 0);
}

TEST_CASE("a redirect that does not say where to is refused") {
  fetching test;
  CHECK(test.answered("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n").code() == error_code::source_redirect);
}

TEST_CASE("a failure behind a redirect shows the location that was given, not where the source sent us") {
  fetching test;
  test.server.play({redirect_to("/internal-secret"), answer_with("HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n")});
  CHECK(test.get(test.server.url()).message() ==
        "Could not retrieve image. Received 404 response for url '" + test.server.url() + "'");
}

TEST_CASE("a resumption survives redirects") {
  fetching test;
  test.server.play(
      {redirect_to("/mirror"), answer_with("HTTP/1.1 206 x\r\nContent-Range: bytes 4-9/10\r\nETag: \"v1\"\r\n"
                                           "Content-Length: 6\r\n\r\n456789")});
  const auto got = test.get(test.server.url(), 4, "\"v1\"");
  CHECK(got.offer.offset == 4);
  CHECK(got.body == "456789");
}
