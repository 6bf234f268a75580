// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <algorithm>
#include <cctype>

#include "tests/http/server/api_fixture.hpp"

using Catch::Matchers::Contains;

namespace sluice::http {
namespace {

const std::string dashboard = "https://dashboard.example";
const std::string from_dashboard = "Origin: https://dashboard.example\r\n";
const std::string wants_put =
    "Access-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: content-type,x-auth-token\r\n";

TEST_CASE("A browser is told, without an identity, that an allowed page may upload") {
  api_fixture service;
  service.configuration.http.allowed_origins = {"http://other.example:8080", dashboard};
  for (const auto& path : {"/v2/images/" + id_of(1) + "/file", std::string{"/v2/images"}}) {
    const auto given = service.ask("OPTIONS", path, from_dashboard + wants_put);
    CHECK(given.status == 204);
    CHECK(given.field("access-control-allow-origin") == dashboard);
    CHECK_THAT(given.field("access-control-allow-methods"), Contains("PUT"));
    CHECK_THAT(given.field("access-control-allow-headers"), Contains("X-Auth-Token") && Contains("Content-Type"));
    CHECK_THAT(given.field("access-control-allow-headers"), !Contains("X-Project-Id") && !Contains("X-Roles"));
    CHECK(given.field("access-control-allow-credentials").empty());
    CHECK(given.field("vary") == "Origin");
  }
}

TEST_CASE("An allowed page may read every answer, also that it did wrong") {
  api_fixture service;
  service.configuration.http.allowed_origins = {dashboard};
  for (const auto& [fields, status] : {std::pair{project_a, 200}, std::pair{std::string{}, 401}}) {
    const auto given = service.ask("GET", "/v2/images", from_dashboard + fields);
    CHECK(given.status == status);
    CHECK(given.field("access-control-allow-origin") == dashboard);
    CHECK_THAT(given.field("access-control-expose-headers"), Contains("X-Openstack-Request-Id"));
  }
}

TEST_CASE("An allowed page may read the fields that an answer has for it, by their names") {
  api_fixture service;
  service.configuration.http.allowed_origins = {dashboard};
  const auto made = service.ask("POST", "/v2/images", from_dashboard + project_a, "{}");
  REQUIRE(made.status == 201);
  for (const std::string name :
       {"Location", "OpenStack-image-import-methods", "OpenStack-image-store-ids", "X-Openstack-Request-Id"}) {
    INFO(name);
    auto lower = name;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    CHECK_FALSE(made.field(lower).empty());
    CHECK_THAT(made.field("access-control-expose-headers"), Contains(name));
  }
}

TEST_CASE("Other pages are told nothing") {
  api_fixture service;
  service.configuration.http.allowed_origins = {dashboard};
  for (const auto* const origin : {"https://dashboard.example.evil", "http://dashboard.example", "null", "*",
                                   "https://dashboard.example:443", "HTTPS://dashboard.example"}) {
    const auto fields = "Origin: " + std::string{origin} + "\r\n";
    const auto refused = service.ask("OPTIONS", "/v2/images", fields + wants_put);
    CHECK(refused.status == 401);
    CHECK(refused.field("access-control-allow-origin").empty());
    const auto given = service.ask("GET", "/v2/images", fields + project_a);
    CHECK(given.status == 200);
    CHECK(given.field("access-control-allow-origin").empty());
    CHECK(given.field("vary") == "Origin");
  }
  CHECK(service.ask("OPTIONS", "/v2/images", from_dashboard).status == 401);
  CHECK(service.ask_operator("OPTIONS", "/v1/bandwidth", from_dashboard + wants_put).status == 405);
}

TEST_CASE("Without allowed origins nothing is said of them") {
  api_fixture service;
  const auto given = service.ask("GET", "/v2/images", from_dashboard + project_a);
  CHECK(given.field("access-control-allow-origin").empty());
  CHECK(given.field("vary").empty());
  CHECK(service.ask("OPTIONS", "/v2/images", from_dashboard + wants_put + project_a).status == 405);
}

}  // namespace
}  // namespace sluice::http
