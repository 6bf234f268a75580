// SPDX-License-Identifier: Apache-2.0
#include "http/client/barbican_certificates.hpp"

#include <catch2/catch.hpp>

#include "tests/hostile/source/hostile_source.hpp"
#include "tests/http/client/fetching.hpp"

namespace sluice::http {
namespace {

using namespace std::chrono_literals;
using hostile::answer_with;
using schemas::error_code;

const std::string id = "71c675ab-d94f-49cd-a114-e12490b328d9";

hostile::script answered(const std::string& status, const std::string& body, const std::string& fields = {}) {
  return answer_with("HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + fields +
                     "\r\n" + body);
}

hostile::script logged_in() {
  return answered(
      "201 Created",
      R"({"token": {"user": {"id": "u"}, "project": {"id": "p"}, "roles": [], "expires_at": "2099-01-01T00:00:00Z"}})",
      "X-Subject-Token: own-token\r\n");
}

hostile::script metadata() {
  return answered("200 OK", R"({"status": "ACTIVE", "content_types": {"default": "application/octet-stream"}})");
}

/// Certificates of the configuration.
struct some_certificates final : actors::certificate_source {
  actors::source_result<std::string> answer = tl::unexpected<actors::source_failure>{actors::unknown_certificate(id)};
  boost::asio::awaitable<actors::source_result<std::string>> certificate(std::string) override { co_return answer; }
};

struct asking {
  hostile::hostile_source server;
  schemas::barbican_configuration barbican;
  schemas::keystone_configuration keystone;
  some_certificates configured;
  boost::asio::io_context loop;

  explicit asking(std::vector<hostile::script> scripts) {
    server.play(std::move(scripts));
    keystone.url = server.url("/identity");
    keystone.username = "sluice";
    keystone.password = "password";
    keystone.project = "service";
    barbican.url = server.url("/keys/");
  }
  [[nodiscard]] actors::source_result<std::string> answer() {
    auto made = barbican_certificates::to(barbican, keystone, &configured);
    REQUIRE(made);
    return run(loop, (*made)->certificate(id));
  }
  [[nodiscard]] actors::source_failure failure() {
    auto given = answer();
    REQUIRE_FALSE(given);
    return given.error();
  }
};

TEST_CASE("A certificate is read out of Barbican with the service's own token, in the type that it is kept in") {
  const std::string bytes{"\x30\x00\xff\r\n", 5};
  asking of{{logged_in(), metadata(), answered("200 OK", bytes)}};
  CHECK(of.answer() == bytes);
  const auto requests = of.server.requests();
  REQUIRE(requests.size() == 3);
  CHECK_THAT(requests[1], Catch::StartsWith("GET /keys/v1/secrets/" + id + " HTTP/1.1\r\n") &&
                              Catch::Contains("\r\nX-Auth-Token: own-token\r\n") &&
                              Catch::Contains("\r\nAccept: application/json\r\n"));
  CHECK_THAT(requests[2], Catch::StartsWith("GET /keys/v1/secrets/" + id + "/payload HTTP/1.1\r\n") &&
                              Catch::Contains("\r\nAccept: application/octet-stream\r\n"));
}

TEST_CASE("What the configuration has is not asked for, nor when it fails for now") {
  asking of{{}};
  of.configured.answer = "known";
  CHECK(of.answer() == "known");
  of.configured.answer = tl::unexpected<actors::source_failure>{
      actors::source_failure{schemas::failure{error_code::source_unreachable, "later"}, true}};
  CHECK(of.failure().why.message == "later");
  CHECK(of.server.requests().empty());
}

TEST_CASE("A certificate that Barbican does not have is unknown, for good") {
  auto scripts = GENERATE(as<std::vector<hostile::script>>{},
                          std::vector<hostile::script>{logged_in(), answered("404 Not Found", "{}")},
                          std::vector<hostile::script>{logged_in(), metadata(), answered("404 Not Found", "{}")});
  asking of{std::move(scripts)};
  const auto why = of.failure();
  CHECK_FALSE(why.transient);
  CHECK(why.why.code == error_code::signature_invalid);
  CHECK_THAT(why.why.message, Catch::Contains(id));
}

TEST_CASE("Whatever else the two services answer is worth another try, and is not told to users") {
  const auto bad = GENERATE(as<hostile::script>{}, answered("403 Forbidden", "secret words"),
                            answered("500 Internal Server Error", "secret words"), answered("200 OK", "secret words"),
                            answered("200 OK", R"({"content_types": {"default": "a/b\r\nX: y"}})"),
                            answered("302 Found", "", "Location: http://127.0.0.1:1/\r\n"), hostile::script{});
  const bool of_keystone = GENERATE(true, false);
  auto scripts = of_keystone ? std::vector<hostile::script>{bad} : std::vector<hostile::script>{logged_in(), bad};
  asking of{std::move(scripts)};
  const auto why = of.failure();
  CHECK(why.transient);
  CHECK(why.why.code == error_code::source_unreachable);
  CHECK_THAT(why.why.message, !Catch::Contains("secret words") && !Catch::Contains("127.0.0.1"));
}

TEST_CASE("A Barbican that hangs is given up in time") {
  asking of{{logged_in(), {hostile::await_request{}, hostile::hang{}}}};
  of.barbican.timeout = short_wait;
  CHECK(of.failure().transient);
}

TEST_CASE("What cannot be used is refused at the start, with its key") {
  asking of{{}};
  of.barbican.ca_file = "/no/such/file";
  const auto made = barbican_certificates::to(of.barbican, of.keystone, nullptr);
  REQUIRE_FALSE(made);
  CHECK_THAT(made.error().message, Catch::Contains("verify.barbican.ca_file"));
}

}  // namespace
}  // namespace sluice::http
