// SPDX-License-Identifier: Apache-2.0
#include "schemas/keystone_token.hpp"

#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

namespace sluice::schemas {
namespace {

using nlohmann::json;

json sound_token() {
  return json::parse(R"({"token": {
    "methods": ["password"], "expires_at": "2026-11-23T04:10:27.000000Z", "issued_at": "2026-11-23T00:10:27.000000Z",
    "user": {"id": "0123456789abcdef", "name": "alice", "domain": {"id": "default", "name": "Default"}},
    "project": {"id": "fedcba9876543210", "name": "a", "domain": {"id": "default", "name": "Default"}},
    "roles": [{"id": "1", "name": "Member"}, {"id": "2", "name": "READER"}],
    "catalog": [{"type": "object-store", "name": "swift", "endpoints": [
        {"interface": "public", "region": "RegionOne", "url": "https://swift.example.org/v1/AUTH_x"},
        {"interface": "internal", "region": "RegionOne", "url": "http://10.0.0.1:8080/v1/AUTH_x"}]}]
  }})");
}

TEST_CASE("a token of Keystone is read for whom it stands and how long it holds") {
  const auto read = parse_keystone_token(sound_token().dump());
  REQUIRE(read);
  CHECK(read->who.user_id == "0123456789abcdef");
  CHECK(read->who.project_id == "fedcba9876543210");
  CHECK(read->who.roles == std::vector<std::string>{"member", "reader"});
  CHECK(read->expires_at == time_point{std::chrono::seconds{1795407027}});
  REQUIRE(read->catalog.size() == 2);
  CHECK(read->catalog[0] ==
        catalog_endpoint{"object-store", "public", "RegionOne", "https://swift.example.org/v1/AUTH_x"});
}

TEST_CASE("a token that is not for a project has no project") {
  auto document = sound_token();
  auto& token = document["token"];
  token.erase("project");
  token["system"] = {{"all", true}};
  const auto read = parse_keystone_token(document.dump());
  REQUIRE(read);
  CHECK(read->who.project_id.empty());
}

TEST_CASE("what is no token of Keystone's is refused without a word of it") {
  std::vector<json> broken;
  const auto changed = [&broken](auto change) {
    auto document = sound_token();
    change(document["token"]);
    broken.push_back(std::move(document));
  };
  changed([](json& t) { t = nullptr; });
  changed([](json& t) { t = json::array(); });
  changed([](json& t) { t.erase("user"); });
  changed([](json& t) { t["user"] = "alice"; });
  changed([](json& t) { t["user"]["id"] = 7; });
  changed([](json& t) { t["user"]["id"] = ""; });
  changed([](json& t) { t["user"]["id"] = std::string(65, 'u'); });
  changed([](json& t) { t["project"]["id"] = "a b"; });
  changed([](json& t) { t["project"]["id"] = "a\nb"; });
  changed([](json& t) { t["project"]["id"] = "\u00e4"; });
  changed([](json& t) { t["roles"] = "admin"; });
  changed([](json& t) { t["roles"] = {"admin"}; });
  changed([](json& t) { t["roles"] = json::array({{{"name", ""}}}); });
  changed([](json& t) { t["roles"] = json(1001, {{"name", "member"}}); });
  changed([](json& t) { t.erase("expires_at"); });
  changed([](json& t) { t["expires_at"] = 1795407027; });
  changed([](json& t) { t["expires_at"] = "never"; });
  for (const auto& document : broken) {
    const auto read = parse_keystone_token(document.dump());
    INFO(document.dump().substr(0, 200));
    REQUIRE_FALSE(read);
    CHECK(read.error().code == error_code::overloaded);
    CHECK_THAT(read.error().message, !Catch::Contains("alice"));
  }
  for (const auto* const text : {"", "{}", "[]", "null", "{\"token\":", "{\"token\":{}} x", "\xff"})
    CHECK_FALSE(parse_keystone_token(text));
  CHECK_FALSE(parse_keystone_token("{\"token\": " + std::string(100'000, '[')));
  CHECK_FALSE(parse_keystone_token(std::string((std::size_t{1} << 20) + 1, ' ')));
}

TEST_CASE("times of Keystone are UTC, with a fraction or without") {
  const auto seconds = [](const char* text) {
    return std::chrono::duration_cast<std::chrono::seconds>(parse_keystone_time(text).value().time_since_epoch())
        .count();
  };
  CHECK(seconds("1970-01-01T00:00:00Z") == 0);
  CHECK(seconds("2024-02-29T23:59:59.999999Z") == 1709251199);
  CHECK(seconds("2024-02-29T23:59:59.9Z") == 1709251199);
  for (const auto* const text :
       {"", "Z", "2024-02-30T00:00:00Z", "2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z", "2024-01-01T24:00:00Z",
        "2024-01-01T00:60:00Z", "2024-01-01T00:00:00", "2024-01-01T00:00:00+00:00", "2024-01-01 00:00:00Z",
        "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00.xZ", "-024-01-01T00:00:00Z", "2024-01-01T00:00:-1Z",
        "2024-01-01T00:00:00.000000000000000000000Z"})
    CHECK_FALSE(parse_keystone_time(text));
}

TEST_CASE("the service logs in by password or by application credential") {
  keystone_configuration account;
  account.username = "sluice";
  account.project = "service";
  const auto by_password = json::parse(keystone_login(account, "p\"w"));
  CHECK(by_password == json::parse(R"({"auth": {
    "identity": {"methods": ["password"],
                 "password": {"user": {"name": "sluice", "domain": {"name": "Default"}, "password": "p\"w"}}},
    "scope": {"project": {"name": "service", "domain": {"name": "Default"}}}}})"));
  account.application_credential_id = "id";
  const auto by_credential = json::parse(keystone_login(account, "s"));
  CHECK(by_credential == json::parse(R"({"auth": {"identity": {
    "methods": ["application_credential"], "application_credential": {"id": "id", "secret": "s"}}}})"));
}

}  // namespace
}  // namespace sluice::schemas
