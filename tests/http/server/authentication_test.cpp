// SPDX-License-Identifier: Apache-2.0
#include "http/api/authentication.hpp"

#include <map>
#include <mutex>
#include <thread>

#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include "http/tokens/token_cache.hpp"
#include "tests/http/server/api_fixture.hpp"

namespace sluice::http {
namespace {

using namespace std::chrono_literals;
using schemas::auth_mode;
using schemas::error_code;

schemas::identity person(std::string project, std::vector<std::string> roles) {
  schemas::identity who;
  who.project_id = std::move(project);
  who.user_id = "user-of-" + who.project_id;
  who.roles = std::move(roles);
  return who;
}

shared_verdict verdict_for(schemas::result<schemas::identity> who, std::chrono::seconds life = 1h) {
  return std::make_shared<const token_verdict>(std::move(who), token_verdict::clock::now() + life);
}

/// Knows a few tokens, and answers on a thread of its own as the real one does.
class fake_validator final : public token_validator {
 public:
  void validate(const token_key& key, std::string token, continuation then) override {
    shared_verdict verdict = verdict_for(schemas::refuse(error_code::unauthorized, "The token is not valid."));
    {
      const std::lock_guard guard{mutex_};
      ++asked_[token];
      const auto found = known.find(token + (key.expired_too ? " expired too" : ""));
      if (found != known.end())
        verdict = found->second;
    }
    std::thread{[then = std::move(then), verdict = std::move(verdict)] { then(verdict); }}.detach();
  }
  void stop() override {}

  [[nodiscard]] int asked(const std::string& token) {
    const std::lock_guard guard{mutex_};
    return asked_[token];
  }

  std::map<std::string, shared_verdict> known;

 private:
  std::mutex mutex_;
  std::map<std::string, int> asked_;
};

std::string with_token(const std::string& token, const std::string& more = {}) {
  return "X-Auth-Token: " + token + "\r\nAccept: application/json\r\n" + more;
}

struct guarded_service {
  guarded_service() {
    tokens.known["alice"] = verdict_for(person("a", {"member", "reader"}));
    tokens.known["bob"] = verdict_for(person("b", {"member", "reader"}));
    tokens.known["reader"] = verdict_for(person("a", {"reader"}));
    tokens.known["bare"] = verdict_for(person("a", {}));
    tokens.known["admin"] = verdict_for(person("z", {"admin"}));
    tokens.known["nova"] = verdict_for(person("s", {"service"}));
    tokens.known["unscoped"] = verdict_for(schemas::refuse(error_code::forbidden, "The token is not for a project."));
    tokens.known["away"] = verdict_for(schemas::refuse(error_code::overloaded, "Keystone is away."), 0s);
    tokens.known["late expired too"] = verdict_for(person("a", {"member", "reader"}));
  }
  fake_validator tokens;
  api_fixture service{{}, auth_mode::keystone, &tokens};
};

TEST_CASE("in mode keystone the token alone says who asks") {
  guarded_service of;
  const auto image = of.service.put_image(1, "a", "bytes", "private");
  const auto path = "/v2/images/" + image.id;
  CHECK(of.service.ask("GET", path, with_token("alice")).status == 200);
  CHECK(of.service.ask("GET", path, with_token("bob")).status == 404);
  CHECK(of.service.ask("GET", path, with_token("admin")).status == 200);
  const std::string claims =
      "X-Identity-Status: Confirmed\r\nX-Project-Id: a\r\nX-User-Id: x\r\nX-Roles: admin\r\nX-Tenant-Id: a\r\n";
  CHECK(of.service.ask("GET", path, claims).status == 401);
  CHECK(of.service.ask("GET", path, with_token("bob", claims)).status == 404);
}

TEST_CASE("a request without a valid token is refused with the place where tokens are") {
  guarded_service of;
  for (const auto* const fields : {"", "X-Auth-Token: \r\n", "X-Auth-Token: made-up\r\n", "X-Auth-Token: a b\r\n",
                                   "X-Auth-Token: alice\r\nX-Auth-Token: alice\r\n", "X-Service-Token: nova\r\n"}) {
    INFO(fields);
    const auto answer = of.service.ask("GET", "/v2/image-imports", fields);
    CHECK(answer.status == 401);
    CHECK(answer.field("www-authenticate") == "Keystone uri=\"\"");
    CHECK(nlohmann::json::parse(answer.body).at("code") == "unauthorized");
  }
}

TEST_CASE("a token is asked about once a loop, a refused one too, and what could not be found out again") {
  guarded_service of;
  raw_client client{of.service.endpoint()};  // one connection stays on one loop
  for (int i = 0; i < 5; ++i) {
    CHECK(client.ask("GET", "/v2/images", with_token("alice")).status == 200);
    CHECK(client.ask("GET", "/v2/images", with_token("made-up")).status == 401);
    CHECK(client.ask("GET", "/v2/images", with_token("unscoped")).status == 403);
    CHECK(client.ask("GET", "/v2/images", with_token("away")).status == 503);
  }
  CHECK(of.tokens.asked("alice") == 1);
  CHECK(of.tokens.asked("made-up") == 1);
  CHECK(of.tokens.asked("unscoped") == 1);
  CHECK(of.tokens.asked("away") == 5);
}

TEST_CASE("an expired token passes beside that of a service, and beside no other") {
  guarded_service of;
  const auto status = [&of](const std::string& fields) { return of.service.ask("GET", "/v2/images", fields).status; };
  CHECK(status(with_token("late")) == 401);
  for (int again = 0; again < 3; ++again) {
    CHECK(status(with_token("late", "X-Service-Token: nova\r\n")) == 200);
    CHECK(status(with_token("late", "X-Service-Token: alice\r\n")) == 401);
    CHECK(status(with_token("alice", "X-Service-Token: bob\r\n")) == 200);
    CHECK(status(with_token("alice", "X-Service-Token: made-up\r\n")) == 401);
    CHECK(status(with_token("alice", "X-Service-Token: away\r\n")) == 503);
  }
}

TEST_CASE("roles that are not enough are refused before anything is looked up") {
  guarded_service of;
  const auto image = of.service.put_image(1, "a", "bytes", "shared");
  const auto path = "/v2/images/" + image.id;
  for (const auto* const target : {"", "/file"})
    CHECK(of.service.ask("GET", path + target, with_token("reader")).status == 200);
  CHECK(of.service.ask("DELETE", path, with_token("reader")).status == 403);
  CHECK(of.service.ask("POST", "/v2/image-imports", with_token("reader"), "{}").status == 403);
  CHECK(of.service.ask("DELETE", "/v2/images/" + id_of(99), with_token("reader")).status == 403);
  for (const auto* const target : {"/v2/images", "/v2/image-imports", "/v2/schemas/image"})
    CHECK(of.service.ask("GET", target, with_token("bare")).status == 403);
  const auto refused = of.service.ask("GET", path, with_token("bare"));
  CHECK(refused.status == 403);
  CHECK_THAT(nlohmann::json::parse(refused.body).at("message").get<std::string>(),
             Catch::Contains("You are not authorized to complete get_image action."));
  CHECK(of.service.ask("DELETE", path, with_token("alice")).status != 403);
}

TEST_CASE("who may make an image readable for others is the policy's to say, in every dialect") {
  fake_validator tokens;
  tokens.known["alice"] = verdict_for(person("a", {"member"}));
  tokens.known["admin"] = verdict_for(person("z", {"admin"}));
  api_fixture service{{}, auth_mode::keystone, &tokens};
  service.configuration.policy.set(schemas::policy_rule::publicize_image, {"member"});
  service.configuration.policy.set(schemas::policy_rule::communitize_image, {"admin"});
  const auto asked = [&service](std::string_view path, std::string_view token, std::string body) {
    return service.ask("POST", std::string{path}, with_token(std::string{token}, "Content-Type: application/json\r\n"),
                       body);
  };
  const auto properties = [](std::string_view visibility) {
    return R"("image_properties": {"visibility": ")" + std::string{visibility} + "\"}";
  };
  for (const auto& [token, visibility, allowed] :
       std::initializer_list<std::tuple<std::string_view, std::string_view, bool>>{{"alice", "private", true},
                                                                                   {"alice", "shared", true},
                                                                                   {"alice", "public", true},
                                                                                   {"alice", "community", false},
                                                                                   {"admin", "community", true},
                                                                                   {"admin", "public", false}}) {
    INFO(token << " " << visibility);
    const auto status = allowed ? 201 : 403;
    CHECK(asked("/v2/images", token, R"({"visibility": ")" + std::string{visibility} + "\"}").status == status);
    const auto import =
        asked("/v2/image-imports", token, R"({"location": "https://example.org/x", )" + properties(visibility) + "}");
    CHECK(import.status == status);
    const auto task = asked("/v2/tasks", token,
                            R"({"type": "import", "input": {"import_from": "https://example.org/x",
                            "import_from_format": "qcow2", )" +
                                properties(visibility) + "}}");
    CHECK(task.status == status);
    if (!allowed) {
      CHECK(nlohmann::json::parse(import.body).at("field") == "/image_properties/visibility");
      CHECK_THAT(import.body, Catch::Contains(visibility == "public" ? "publicize_image" : "communitize_image"));
      CHECK_THAT(task.body, Catch::Contains("Expected another visibility"));
    }
  }
}

token_key key_of(int number, bool expired_too = false) {
  token_key key;
  key.digest = digest_of(std::to_string(number));
  key.expired_too = expired_too;
  return key;
}

TEST_CASE("a cache of verdicts forgets the least recently used, and what has run out") {
  token_cache cache{3};
  const auto now = token_verdict::clock::now();
  const auto until = [&](std::chrono::seconds life) {
    return std::make_shared<const token_verdict>(person("p", {}), now + life);
  };
  for (int i = 0; i < 3; ++i)
    cache.keep(key_of(i), until(10s));
  CHECK(cache.find(key_of(0), now));
  cache.keep(key_of(3), until(10s));
  CHECK_FALSE(cache.find(key_of(1), now));
  CHECK(cache.find(key_of(0), now));
  CHECK(cache.find(key_of(0), now + 10s - 1ns));
  CHECK_FALSE(cache.find(key_of(0), now + 10s));
  CHECK_FALSE(cache.find(key_of(0), now));  // gone, not only hidden
  CHECK(cache.size() == 2);
  CHECK_FALSE(cache.find(key_of(2, true), now));  // another question about the same token
}

TEST_CASE("refusals do not push out those who are in use") {
  token_cache cache{8};
  const auto now = token_verdict::clock::now();
  cache.keep(key_of(0), verdict_for(person("p", {})));
  for (int i = 1; i < 1000; ++i)
    cache.keep(key_of(i), verdict_for(schemas::refuse(error_code::unauthorized, "no")));
  CHECK(cache.find(key_of(0), now));
  CHECK(cache.size() <= 8 + 3);
  cache.keep(key_of(0), verdict_for(schemas::refuse(error_code::unauthorized, "no")));
  CHECK_FALSE(cache.find(key_of(0), now)->who);
}

TEST_CASE("what cannot be a token is known by its look") {
  for (const auto* const token : {"gAAAAABf", "a", "!#$%&'()*+,-./:;<=>?@[]^_`{|}~\"\\"})
    CHECK(may_be_token(token));
  CHECK(may_be_token(std::string(8192, 'x')));
  for (const auto* const token : {"", " ", "a b", "a\r\nX-Evil: 1", "a\t", "\x7f", "t\xc3\xa4"})
    CHECK_FALSE(may_be_token(token));
  CHECK_FALSE(may_be_token(std::string(8193, 'x')));
}

}  // namespace
}  // namespace sluice::http
