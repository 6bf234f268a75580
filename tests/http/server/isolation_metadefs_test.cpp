// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/http/server/isolation_matrix.hpp"

namespace sluice::http {
namespace {

const std::string one = "/v2/metadefs/namespaces/{namespace}";

}  // namespace

// Those of project a. To write is for administrators unless the policy says otherwise; what may not be seen is absent.
const std::vector<cell_row>& private_metadef_rows() {
  static const std::vector<cell_row> rows{
      {"GET", one, "", {200, 404, 404, 200, 200, 401}},
      {"PUT", one, R"({"namespace": "{fresh}"})", {403, 404, 404, 403, 200, 401}},
      {"DELETE", one, "", {403, 404, 404, 403, 204, 401}},
      {"GET", one + "/objects", "", {200, 404, 404, 200, 200, 401}},
      {"POST", one + "/objects", R"({"name": "{fresh}"})", {403, 404, 404, 403, 201, 401}},
      {"DELETE", one + "/objects", "", {403, 404, 404, 403, 204, 401}},
      {"GET", one + "/objects/o", "", {200, 404, 404, 200, 200, 401}},
      {"PUT", one + "/objects/o", R"({"name": "{fresh}"})", {403, 404, 404, 403, 200, 401}},
      {"DELETE", one + "/objects/o", "", {403, 404, 404, 403, 204, 401}},
      {"GET", one + "/properties", "", {200, 404, 404, 200, 200, 401}},
      {"POST",
       one + "/properties",
       R"({"name": "{fresh}", "title": "T", "type": "string"})",
       {403, 404, 404, 403, 201, 401}},
      {"DELETE", one + "/properties", "", {403, 404, 404, 403, 204, 401}},
      {"GET", one + "/properties/p", "", {200, 404, 404, 200, 200, 401}},
      {"PUT",
       one + "/properties/p",
       R"({"name": "{fresh}", "title": "T", "type": "string"})",
       {403, 404, 404, 403, 200, 401}},
      {"DELETE", one + "/properties/p", "", {403, 404, 404, 403, 204, 401}},
      {"GET", one + "/tags", "", {200, 404, 404, 200, 200, 401}},
      {"POST", one + "/tags", R"({"tags": [{"name": "{fresh}"}]})", {403, 404, 404, 403, 201, 401}},
      {"DELETE", one + "/tags", "", {403, 404, 404, 403, 204, 401}},
      {"GET", one + "/tags/t", "", {200, 404, 404, 200, 200, 401}},
      {"POST", one + "/tags/another", "", {403, 404, 404, 403, 201, 401}},
      {"PUT", one + "/tags/t", R"({"name": "{fresh}"})", {403, 404, 404, 403, 200, 401}},
      {"DELETE", one + "/tags/t", "", {403, 404, 404, 403, 204, 401}},
      {"GET", one + "/resource_types", "", {200, 404, 404, 200, 200, 401}},
      {"POST", one + "/resource_types", R"({"name": "OS::Nova::Flavor"})", {403, 404, 404, 403, 201, 401}},
      {"DELETE", one + "/resource_types/OS::Glance::Image", "", {403, 404, 404, 403, 204, 401}},
  };
  return rows;
}

const std::vector<cell_row>& public_metadef_rows() {
  static const std::vector<cell_row> rows{
      {"GET", "/v2/metadefs/namespaces", "", {200, 200, 200, 200, 200, 401}},
      {"POST", "/v2/metadefs/namespaces", R"({"namespace": "{fresh}"})", {403, 403, 403, 403, 201, 401}},
      {"GET", "/v2/metadefs/resource_types", "", {200, 200, 200, 200, 200, 401}},
      {"GET", "/v2/schemas/metadefs/namespace", "", {200, 200, 200, 200, 200, 401}},
      {"GET", one, "", {200, 200, 200, 200, 200, 401}},
      {"PUT", one, R"({"namespace": "{fresh}"})", {403, 403, 403, 403, 200, 401}},
      {"DELETE", one, "", {403, 403, 403, 403, 204, 401}},
      {"GET", one + "/objects", "", {200, 200, 200, 200, 200, 401}},
      {"POST", one + "/objects", R"({"name": "{fresh}"})", {403, 403, 403, 403, 201, 401}},
      {"DELETE", one + "/objects", "", {403, 403, 403, 403, 204, 401}},
      {"GET", one + "/objects/o", "", {200, 200, 200, 200, 200, 401}},
      {"PUT", one + "/objects/o", R"({"name": "{fresh}"})", {403, 403, 403, 403, 200, 401}},
      {"DELETE", one + "/objects/o", "", {403, 403, 403, 403, 204, 401}},
      {"GET", one + "/properties", "", {200, 200, 200, 200, 200, 401}},
      {"POST",
       one + "/properties",
       R"({"name": "{fresh}", "title": "T", "type": "string"})",
       {403, 403, 403, 403, 201, 401}},
      {"DELETE", one + "/properties", "", {403, 403, 403, 403, 204, 401}},
      {"GET", one + "/properties/p", "", {200, 200, 200, 200, 200, 401}},
      {"PUT",
       one + "/properties/p",
       R"({"name": "{fresh}", "title": "T", "type": "string"})",
       {403, 403, 403, 403, 200, 401}},
      {"DELETE", one + "/properties/p", "", {403, 403, 403, 403, 204, 401}},
      {"GET", one + "/tags", "", {200, 200, 200, 200, 200, 401}},
      {"POST", one + "/tags", R"({"tags": [{"name": "{fresh}"}]})", {403, 403, 403, 403, 201, 401}},
      {"DELETE", one + "/tags", "", {403, 403, 403, 403, 204, 401}},
      {"GET", one + "/tags/t", "", {200, 200, 200, 200, 200, 401}},
      {"POST", one + "/tags/another", "", {403, 403, 403, 403, 201, 401}},
      {"PUT", one + "/tags/t", R"({"name": "{fresh}"})", {403, 403, 403, 403, 200, 401}},
      {"DELETE", one + "/tags/t", "", {403, 403, 403, 403, 204, 401}},
      {"GET", one + "/resource_types", "", {200, 200, 200, 200, 200, 401}},
      {"POST", one + "/resource_types", R"({"name": "OS::Nova::Flavor"})", {403, 403, 403, 403, 201, 401}},
      {"DELETE", one + "/resource_types/OS::Glance::Image", "", {403, 403, 403, 403, 204, 401}},
  };
  return rows;
}

TEST_CASE("who may do what with metadata definitions: every route, every method, every kind of caller") {
  matrix all;
  all.check(private_metadef_rows(), "private");
  all.check(public_metadef_rows(), "public");
}

TEST_CASE("where the policy lets members write metadata definitions, they write their own project's") {
  matrix all;
  all.service().configuration.policy.set(schemas::policy_rule::modify_metadefs, {"admin", "member"});
  const std::vector<cell_row> on_private{{"PUT", one, R"({"namespace": "{fresh}"})", {200, 404, 404, 403, 200, 401}},
                                         {"DELETE", one + "/tags", "", {204, 404, 404, 403, 204, 401}}};
  const std::vector<cell_row> on_public{{"PUT", one, R"({"namespace": "{fresh}"})", {200, 403, 403, 403, 200, 401}},
                                        {"DELETE", one, "", {204, 403, 403, 403, 204, 401}}};
  all.check(on_private, "private");
  all.check(on_public, "public");
}

}  // namespace sluice::http
