// SPDX-License-Identifier: Apache-2.0
#include "http/api/identity.hpp"

#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include "tests/http/server/api_fixture.hpp"

namespace sluice::http {
namespace {

using schemas::auth_mode;

schemas::result<schemas::identity> who(auth_mode mode, const std::vector<std::pair<std::string, std::string>>& fields) {
  request asked;
  for (const auto& [name, value] : fields)
    asked.fields.insert(name, value);
  schemas::auth_configuration configuration;
  configuration.mode = mode;
  return identify(asked, configuration);
}

TEST_CASE("without authentication everybody is a member of the default project, or who they say") {
  const auto nobody = who(auth_mode::none, {});
  REQUIRE(nobody);
  CHECK(nobody->project_id == "default");
  CHECK(nobody->roles == std::vector<std::string>{"member"});
  CHECK(nobody->user_id.empty());
  const auto somebody =
      who(auth_mode::none, {{"X-Project-Id", "p"}, {"X-Roles", "Member, ADMIN ,"}, {"X-User-Id", "u"}});
  REQUIRE(somebody);
  CHECK(somebody->project_id == "p");
  CHECK(somebody->roles == std::vector<std::string>{"member", "admin"});
  CHECK(somebody->user_id == "u");
}

TEST_CASE("behind a proxy only what the proxy confirmed counts") {
  using fields = std::vector<std::pair<std::string, std::string>>;
  const fields confirmed{{"X-Identity-Status", "Confirmed"}, {"X-Project-Id", "p"}};
  REQUIRE(who(auth_mode::trusted_headers, confirmed));
  CHECK(who(auth_mode::trusted_headers, confirmed)->roles.empty());
  for (const auto& bad :
       {fields{}, fields{{"X-Project-Id", "p"}}, fields{{"X-Identity-Status", "Confirmed"}},
        fields{{"X-Identity-Status", "Invalid"}, {"X-Project-Id", "p"}},
        fields{{"X-Identity-Status", "confirmed"}, {"X-Project-Id", "p"}},
        fields{{"X-Identity-Status", "Confirmed"}, {"X-Identity-Status", "Confirmed"}, {"X-Project-Id", "p"}},
        fields{{"X-Identity-Status", "Confirmed"}, {"X-Project-Id", "p"}, {"X-Project-Id", "q"}},
        fields{{"X-Identity-Status", "Confirmed"}, {"X-Project-Id", std::string(256, 'p')}},
        fields{{"X-Identity-Status", "Confirmed"}, {"X-Project-Id", "p\xc3\xa4"}}}) {
    const auto refused = who(auth_mode::trusted_headers, bad);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == schemas::error_code::unauthorized);
  }
  CHECK_FALSE(who(auth_mode::keystone, confirmed));
}

TEST_CASE("an unauthenticated request is answered 401 with a challenge, in the resource's own shape") {
  api_fixture service;
  const auto ours = service.ask("GET", "/v2/image-imports", "");
  CHECK(ours.status == 401);
  CHECK_FALSE(ours.field("www-authenticate").empty());
  CHECK(nlohmann::json::parse(ours.body).at("code") == "unauthorized");
  const auto glances = service.ask("GET", "/v2/images", "Accept: application/json\r\n");
  CHECK(glances.status == 401);
  CHECK(nlohmann::json::parse(glances.body).at("code") == "401 Unauthorized");
  for (const auto* const open : {"/versions", "/healthcheck"})
    CHECK(service.ask("GET", open, "").status == 200);
  CHECK(service.ask("GET", "/", "").status == 300);
}

TEST_CASE("a mode that cannot be enforced does not start") {
  CHECK_THROWS_WITH(api_fixture({}, auth_mode::keystone), Catch::Contains("auth.mode"));
}

}  // namespace
}  // namespace sluice::http
