// SPDX-License-Identifier: Apache-2.0
#include "schemas/policy.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "schemas/configuration.hpp"
#include "schemas/image_import.hpp"

namespace sluice::schemas {
namespace {

using enum policy_rule;

identity with_roles(std::vector<std::string> roles) {
  identity who;
  who.project_id = "p";
  who.roles = std::move(roles);
  return who;
}

TEST_CASE("by default readers read, members write, and administrators publish") {
  const policy rules;
  const std::vector<policy_rule> reading{get_images,   get_image,   download_image, get_members,
                                         get_metadefs, stores_info, get_usage,      get_image_imports};
  const std::vector<policy_rule> administration{publicize_image, copy_image, modify_metadefs, stores_info_detail,
                                                manage_image_cache};
  for (const auto& row : policy_rules()) {
    INFO(row.name);
    const bool reads = std::ranges::find(reading, row.rule) != reading.end();
    const bool governs = std::ranges::find(administration, row.rule) != administration.end();
    CHECK(rules.allows(row.rule, with_roles({"reader"})) == reads);
    CHECK(rules.allows(row.rule, with_roles({"member"})) == !governs);
    CHECK(rules.allows(row.rule, with_roles({"admin"})));
    CHECK_FALSE(rules.allows(row.rule, with_roles({})));
    CHECK_FALSE(rules.allows(row.rule, with_roles({"service", "heat_stack_owner"})));
  }
}

TEST_CASE("rules have names, and the names have rules") {
  for (const auto& row : policy_rules()) {
    CHECK(to_string(row.rule) == row.name);
    CHECK(policy_rule_from(row.name) == row.rule);
  }
  CHECK_FALSE(policy_rule_from("get_imagez"));
}

TEST_CASE("the configuration changes rules, in whatever case it writes roles") {
  const auto read = parse_configuration(
      "[policy]\nroles = [\"Uploader\"]\nadd_image = [\"uploader\", \"ADMIN\"]\npublicize_image = []\n", "f.toml");
  REQUIRE(read);
  CHECK(read->policy.allows(add_image, with_roles({"uploader"})));
  CHECK(read->policy.allows(add_image, with_roles({"admin"})));
  CHECK_FALSE(read->policy.allows(add_image, with_roles({"member"})));
  CHECK_FALSE(read->policy.allows(publicize_image, with_roles({"admin"})));
  CHECK(read->policy.allows(get_images, with_roles({"reader"})));
}

TEST_CASE("a rule or a role that does not exist is refused with its place") {
  const auto refusal = [](const std::string& text) {
    const auto read = parse_configuration(text, "f.toml");
    REQUIRE_FALSE(read);
    return read.error().message;
  };
  CHECK_THAT(refusal("[policy]\nget_imagez = [\"admin\"]"),
             Catch::StartsWith("f.toml:2: policy.get_imagez: expected one of the keys roles, get_images"));
  CHECK_THAT(refusal("[policy]\n\nadd_image = [\"member\", \"memebr\"]"),
             Catch::StartsWith("f.toml:3: policy.add_image: expected roles among \"admin\", \"member\", \"reader\"") &&
                 Catch::EndsWith("got \"memebr\""));
  CHECK_THAT(refusal("[policy]\nadd_image = \"member\""),
             Catch::StartsWith("f.toml:2: policy.add_image: expected an array of role names"));
  CHECK_THAT(refusal("[policy]\nadd_image = [\"member\", 7]"), Catch::StartsWith("f.toml:2: policy.add_image.1:"));
  CHECK_THAT(refusal("[policy]\nroles = [\"\"]"), Catch::StartsWith("f.toml:2: policy.roles: expected names of roles"));
}

}  // namespace
}  // namespace sluice::schemas
