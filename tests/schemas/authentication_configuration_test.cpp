// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "schemas/configuration.hpp"

namespace sluice::schemas {
namespace {

std::string refusal(const std::string& text) {
  const auto parsed = parse_configuration(text, "f.toml");
  return parsed ? "nothing was refused" : parsed.error().message;
}

const std::string in_keystone = "[auth]\nmode = \"keystone\"\n[auth.keystone]\nurl = \"http://k/v3\"\n";

TEST_CASE("Mode keystone needs to know where it is, and exactly one account of the service's own") {
  CHECK(parse_configuration(in_keystone + "username = \"u\"\npassword = \"p\"\nproject = \"s\"", "f.toml"));
  CHECK(parse_configuration(in_keystone + "username = \"u\"\npassword_file = \"f\"\nproject = \"s\"", "f.toml"));
  CHECK(parse_configuration(
      in_keystone + "application_credential_id = \"i\"\napplication_credential_secret_file = \"f\"", "f.toml"));
  struct row {
    std::string text;
    std::string says;
  };
  const std::vector<row> rows{
      {"[auth]\nmode = \"keystone\"\n[auth.keystone]\nurl = \"k/v3\"", "f.toml:4: auth.keystone.url: expected a URL"},
      {"[auth]\nmode = \"keystone\"\n[auth.keystone]\nurl = \"https://u:p@k/v3\"",
       "f.toml:4: auth.keystone.url: expected a URL"},
      {"[auth]\nmode = \"keystone\"\n[auth.keystone]\nurl = \"http://k/v3\"",
       "auth.keystone.username: expected the service's own account, by username, password and project or by "
       "application_credential_id and its secret, got neither"},
      {in_keystone + "username = \"u\"\npassword = \"p\"\nproject = \"s\"\napplication_credential_id = \"i\"",
       "auth.keystone.username: expected the service's own account"},
      {in_keystone + "username = \"u\"\nproject = \"s\"",
       "auth.keystone.password: expected either password or password_file, got neither"},
      {in_keystone + "username = \"u\"\nproject = \"s\"\npassword = \"p\"\npassword_file = \"f\"",
       "f.toml:7: auth.keystone.password: expected either password or password_file, got both"},
      {in_keystone + "username = \"u\"\npassword = \"p\"",
       "auth.keystone.project: expected the name of the service's project"},
      {in_keystone + "password = \"p\"\nproject = \"s\"",
       "auth.keystone.username: expected the name of the service's account"},
      {in_keystone + "application_credential_id = \"i\"",
       "auth.keystone.application_credential_secret: expected either application_credential_secret or"},
      {in_keystone + "application_credential_secret = \"s\"",
       "auth.keystone.application_credential_id: expected the id of the credential"},
      {in_keystone + "username = \"u\"\npassword = \"p\"\nproject = \"s\"\ncache_ttl = \"0\"",
       "auth.keystone.cache_ttl: expected more than zero"},
      {in_keystone + "username = \"u\"\npassword = \"p\"\nproject = \"s\"\ntimeout = \"0\"",
       "auth.keystone.timeout: expected more than zero"},
      {in_keystone + "username = \"u\"\npassword = \"p\"\nproject = \"s\"\nwww_authenticate_uri = \"k\\\"\"",
       "auth.keystone.www_authenticate_uri: expected a URL"},
  };
  for (const auto& row : rows) {
    INFO(row.text);
    CHECK_THAT(refusal(row.text), Catch::Contains(row.says));
  }
}

TEST_CASE("A password is never shown in a refusal") {
  CHECK_THAT(refusal("[auth.keystone]\npassword = 12345"), !Catch::Contains("12345"));
  CHECK_THAT(refusal("[auth.keystone]\npassword = 12345"),
             Catch::Contains("auth.keystone.password: expected a string"));
}

TEST_CASE("Mode none listens beyond loopback only when told in so many words") {
  CHECK(parse_configuration("[http]\nlisten = \"0.0.0.0:9292\"\n[auth]\nmode_none_listens_anywhere = true\n", "f"));
  CHECK(parse_configuration("[http]\nlisten = \"0.0.0.0:9292\"\n[auth]\nmode = \"trusted-headers\"\n", "f"));
  configuration overridden;
  overridden.http.listen = "0.0.0.0:9292";
  const auto judged = validate(overridden);
  REQUIRE_FALSE(judged);
  CHECK(judged.error().field == "/http/listen");
}

TEST_CASE("The secret of an application credential is never shown in a refusal") {
  CHECK_THAT(refusal("[auth.keystone]\napplication_credential_secret = 12345"), !Catch::Contains("12345"));
}

TEST_CASE("Barbican needs the service's account at Keystone, in every mode") {
  const std::string account =
      "[auth.keystone]\nurl = \"http://k/v3\"\nusername = \"u\"\npassword = \"p\"\nproject = \"s\"\n";
  const std::string barbican = "[verify.barbican]\nurl = \"https://b:9311\"\n";
  const auto parsed = parse_configuration(account + barbican, "f.toml");
  REQUIRE(parsed);
  CHECK(parsed->verify.barbican.url == "https://b:9311");
  CHECK_THAT(refusal(barbican),
             Catch::Contains("auth.keystone.url: expected the URL of Keystone because verify.barbican.url"));
  CHECK_THAT(refusal("[auth.keystone]\nurl = \"http://k/v3\"\n" + barbican),
             Catch::Contains("auth.keystone.username: expected the service's own account"));
  CHECK_THAT(refusal(account + "[verify.barbican]\nurl = \"b:9311\""),
             Catch::Contains("f.toml:7: verify.barbican.url: expected a URL such as \"https://barbican"));
  CHECK_THAT(refusal(account + barbican + "timeout = \"0\""),
             Catch::Contains("verify.barbican.timeout: expected more"));
}

}  // namespace
}  // namespace sluice::schemas
