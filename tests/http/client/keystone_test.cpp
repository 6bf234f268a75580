// SPDX-License-Identifier: Apache-2.0
#include "http/client/keystone.hpp"

#include <future>

#include <catch2/catch.hpp>

#include "tests/hostile/source/hostile_source.hpp"
#include "tests/http/client/fetching.hpp"

namespace sluice::http {
namespace {

using namespace std::chrono_literals;
using hostile::await_request;
using hostile::say;
using schemas::error_code;

/// A token that holds until 2099.
std::string document(const std::string& project = "p", const std::string& expires = "2099-01-01T00:00:00.000000Z") {
  return R"({"token": {"user": {"id": "u"}, "project": {"id": ")" + project +
         R"("}, "roles": [{"name": "Member"}], "expires_at": ")" + expires + R"("}})";
}

std::string answer_of(const std::string& status, const std::string& body, const std::string& fields = {}) {
  return "HTTP/1.1 " + status + "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + fields + "\r\n" + body;
}

hostile::script logged_in(const std::string& token = "own-token") {
  return hostile::answer_with(answer_of("201 Created", document("service"), "X-Subject-Token: " + token + "\r\n"));
}

hostile::script answered(const std::string& status, const std::string& body = "{}") {
  return hostile::answer_with(answer_of(status, body));
}

struct asking {
  hostile::hostile_source server;
  schemas::keystone_configuration configuration;
  keystone_limits limits;
  std::unique_ptr<keystone> identity;

  explicit asking(std::vector<hostile::script> scripts, std::chrono::milliseconds timeout = 10s,
                  hostile::hostile_options options = {})
      : server{std::move(options)} {
    static const temporary_file authority{hostile::certificate_authority{}.pem()};
    server.play(std::move(scripts));
    configuration.url = server.url("/identity/v3/");
    configuration.username = "sluice";
    configuration.password = "password";
    configuration.project = "service";
    configuration.ca_file = authority.path();
    configuration.timeout = timeout;
  }
  void start() {
    auto started = keystone::start(configuration, limits);
    REQUIRE(started);
    identity = std::move(*started);
  }
  [[nodiscard]] std::future<shared_verdict> ask(const std::string& token, bool expired_too = false) {
    if (!identity)
      start();
    token_key key;
    key.digest = digest_of(token);
    key.expired_too = expired_too;
    auto promise = std::make_shared<std::promise<shared_verdict>>();
    identity->validate(key, token, [promise](shared_verdict verdict) { promise->set_value(std::move(verdict)); });
    return promise->get_future();
  }
  [[nodiscard]] shared_verdict verdict_on(const std::string& token, bool expired_too = false) {
    auto pending = ask(token, expired_too);
    REQUIRE(pending.wait_for(60s) == std::future_status::ready);
    return pending.get();
  }
  [[nodiscard]] error_code refusal_of(const std::string& token) {
    const auto verdict = verdict_on(token);
    return verdict->who ? error_code::none : verdict->who.error().code;
  }
};

TEST_CASE("Keystone is asked with the service's own token, and its answer is read and believed for a while") {
  asking of{{logged_in(), answered("200 OK", document())}};
  const auto verdict = of.verdict_on("the-token");
  REQUIRE(verdict->who);
  CHECK(verdict->who->project_id == "p");
  CHECK(verdict->who->roles == std::vector<std::string>{"member"});
  const auto life = verdict->until - token_verdict::clock::now();
  CHECK(life <= 300s);
  CHECK(life > 200s);
  const auto requests = of.server.requests();
  REQUIRE(requests.size() == 2);
  CHECK_THAT(requests[0], Catch::StartsWith("POST /identity/v3/auth/tokens HTTP/1.1\r\n"));
  CHECK_THAT(requests[0], !Catch::Contains("X-Auth-Token"));
  CHECK_THAT(requests[1], Catch::StartsWith("GET /identity/v3/auth/tokens?nocatalog HTTP/1.1\r\n") &&
                              Catch::Contains("\r\nX-Auth-Token: own-token\r\nX-Subject-Token: the-token\r\n"));
  CHECK(of.verdict_on("the-token") == verdict);
  CHECK(of.server.requests().size() == 2);
}

TEST_CASE("a url without its version gets one") {
  asking of{{logged_in(), answered("200 OK", document())}};
  of.configuration.url = of.server.url("/");
  CHECK(of.verdict_on("t")->who);
  CHECK_THAT(of.server.requests().at(1), Catch::StartsWith("GET /v3/auth/tokens?nocatalog "));
}

TEST_CASE("a token that Keystone does not know is refused, and not asked about again at once") {
  asking of{{logged_in(), answered("404 Not Found")}};
  CHECK(of.refusal_of("t") == error_code::unauthorized);
  CHECK(of.refusal_of("t") == error_code::unauthorized);
  CHECK(of.server.requests().size() == 2);
}

TEST_CASE("a token that has expired is refused, whatever Keystone thinks of it, unless a service asks for somebody") {
  asking of{{logged_in(), answered("200 OK", document("p", "2020-01-01T00:00:00Z"))}};
  CHECK(of.refusal_of("t") == error_code::unauthorized);
  const auto verdict = of.verdict_on("t", true);
  REQUIRE(verdict->who);
  CHECK(verdict->until > token_verdict::clock::now());
  CHECK_THAT(of.server.requests().at(2), Catch::StartsWith("GET /identity/v3/auth/tokens?nocatalog&allow_expired=1 "));
}

TEST_CASE("a token that is for no project is forbidden") {
  asking of{
      {logged_in(), answered("200 OK", R"({"token": {"user": {"id": "u"}, "expires_at": "2099-01-01T00:00:00Z"}})")}};
  CHECK(of.refusal_of("t") == error_code::forbidden);
}

TEST_CASE("when Keystone has forgotten the service's own token, it logs in again and asks again, once") {
  {
    asking of{{logged_in("old"), answered("401 Unauthorized"), logged_in("new"), answered("200 OK", document())}};
    CHECK(of.verdict_on("t")->who);
    CHECK_THAT(of.server.requests().at(3), Catch::Contains("\r\nX-Auth-Token: new\r\n"));
  }
  asking of{{logged_in("old"), answered("401 Unauthorized"), logged_in("new"), answered("401 Unauthorized")}};
  CHECK(of.refusal_of("t") == error_code::overloaded);
  CHECK(of.server.requests().size() == 4);
}

TEST_CASE("whatever else Keystone answers, or does not, decides nothing and is not remembered") {
  const auto bad = GENERATE(as<hostile::script>{},  //
                            answered("500 Internal Server Error"), answered("503 Service Unavailable"),
                            answered("403 Forbidden"), answered("300 Multiple Choices"), answered("204 No Content"),
                            answered("200 OK", "<html>"), answered("200 OK", ""), answered("200 OK", "{\"token\": {}}"),
                            hostile::answer_with("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
                                                 "Content-Length: 0\r\n\r\n"),
                            hostile::answer_with("HTTP/1.1 200 OK\r\n\r\n" + document()),
                            hostile::answer_with("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + document()),
                            hostile::answer_with("220 smtp.example.org ESMTP\r\n"),
                            hostile::script{await_request{}, hostile::reset{}}, hostile::script{});
  asking of{{logged_in(), bad, answered("200 OK", document())}};
  of.limits.rest = 0ms;
  CHECK(of.refusal_of("t") == error_code::overloaded);
  CHECK(of.verdict_on("t")->who);
}

TEST_CASE("an answer without end is cut off") {
  asking of{{logged_in(),
             {await_request{}, say{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
              hostile::flood{"1000\r\n" + std::string(4096, 'x') + "\r\n"}}}};
  CHECK(of.refusal_of("t") == error_code::overloaded);
}

TEST_CASE("a Keystone that hangs or dribbles is given up in time") {
  const auto slow = GENERATE(as<hostile::script>{}, hostile::script{await_request{}, hostile::hang{}},
                             hostile::script{await_request{}, hostile::dribble{answer_of("200 OK", document()), 20ms}});
  asking of{{logged_in(), slow}, short_wait};
  CHECK(of.refusal_of("t") == error_code::overloaded);
}

TEST_CASE("after a failure Keystone has its rest, and known tokens go on") {
  asking of{{logged_in(), answered("200 OK", document()), answered("503 Service Unavailable")}};
  of.limits.rest = 1h;
  CHECK(of.verdict_on("known")->who);
  CHECK(of.refusal_of("unknown") == error_code::overloaded);
  CHECK(of.refusal_of("another") == error_code::overloaded);
  CHECK(of.server.requests().size() == 3);
  CHECK(of.verdict_on("known")->who);
}

TEST_CASE("tokens beyond what may wait are turned away, and a stop answers all") {
  asking of{{logged_in(), {await_request{}, hostile::hang{}}}, 1h};
  of.limits.questions = 1;
  of.limits.waiting = 1;
  auto running = of.ask("running");
  auto same = of.ask("running");
  while (of.server.requests().size() < 2)
    std::this_thread::yield();
  auto waiting = of.ask("waiting");
  CHECK(of.refusal_of("too many") == error_code::overloaded);
  of.identity->stop();
  for (auto* const each : {&running, &same, &waiting})
    CHECK(each->get()->who.error().code == error_code::service_stopping);
  CHECK(of.refusal_of("late") == error_code::service_stopping);
}

TEST_CASE("the service's account that is refused is an outage, not a refusal of the user") {
  asking of{{answered("401 Unauthorized")}};
  CHECK(of.refusal_of("t") == error_code::overloaded);
  for (const auto& request : of.server.requests())
    CHECK_THAT(request, Catch::StartsWith("POST "));
}

TEST_CASE("a login without a token in its answer is none") {
  asking of{{answered("201 Created", document("service"))}};
  CHECK(of.refusal_of("t") == error_code::overloaded);
}

}  // namespace
}  // namespace sluice::http
