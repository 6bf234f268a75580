// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <thread>

#include "tests/http/server/api_fixture.hpp"

namespace {

using namespace sluice::http;
using json = nlohmann::json;

const std::string namespaces = "/v2/metadefs/namespaces";
const std::string as_json = "Accept: application/json\r\n";

/// Requests as somebody, with a body in JSON.
struct metadefs_fixture : api_fixture {
  reply as(const std::string& who, const std::string& method, const std::string& path, const json& body = {}) const {
    return ask(method, path, who + as_json, body.is_null() ? std::string{} : body.dump());
  }
  reply make(const std::string& name, const std::string& visibility = "public", const json& more = json::object()) {
    json body{{"namespace", name}, {"visibility", visibility}};
    body.update(more);
    return as(administrator, "POST", namespaces, body);
  }
  [[nodiscard]] std::vector<std::string> names(const std::string& who, const std::string& query = "") const {
    std::vector<std::string> found;
    const auto listed = json::parse(as(who, "GET", namespaces + query).body);
    for (const auto& each : listed.at("namespaces"))
      found.push_back(each.at("namespace"));
    return found;
  }
};
using strings = std::vector<std::string>;

const json a_property{{"name", "p"}, {"title", "P"}, {"type", "string"}, {"enum", {"xen", "kvm"}}};

}  // namespace

TEST_CASE("a namespace is made, shown, changed and deleted as Glance does it") {
  metadefs_fixture api;
  const auto made = api.make("n", "public",
                             {{"protected", true},
                              {"display_name", "N"},
                              {"resource_type_associations", {{{"name", "OS::Glance::Image"}, {"prefix", "hw_"}}}},
                              {"properties", {{"x", {{"title", "X"}, {"type", "string"}}}}},
                              {"tags", {{{"name", "t"}}}}});
  CHECK(made.status == 201);
  CHECK(made.field("location") == "http://images.example/v2/metadefs/namespaces/n");
  const auto body = json::parse(made.body);
  CHECK(body.at("owner") == "z");
  CHECK(body.at("self") == "/v2/metadefs/namespaces/n");
  CHECK(body.at("schema") == "/v2/schemas/metadefs/namespace");
  CHECK(api.make("n").status == 409);

  const auto shown = json::parse(api.as(project_a, "GET", namespaces + "/n?resource_type=OS::Glance::Image").body);
  CHECK(shown.at("properties").contains("hw_x"));
  CHECK(shown.at("tags").dump() == R"([{"name":"t"}])");

  CHECK(api.as(administrator, "DELETE", namespaces + "/n").status == 403);
  const auto changed = api.as(administrator, "PUT", namespaces + "/n",
                              {{"namespace", "m"}, {"description", "renamed"}, {"protected", false}});
  CHECK(changed.status == 200);
  CHECK(json::parse(changed.body).at("visibility") == "private");
  CHECK_FALSE(json::parse(changed.body).contains("display_name"));
  CHECK(api.as(administrator, "GET", namespaces + "/n").status == 404);
  CHECK(json::parse(api.as(administrator, "GET", namespaces + "/m").body).at("properties").contains("x"));
  CHECK(api.as(administrator, "DELETE", namespaces + "/m").status == 204);
  CHECK(api.as(administrator, "DELETE", namespaces + "/m").status == 404);
  CHECK(api.as(administrator, "GET", namespaces + "/m/tags").status == 404);
}

TEST_CASE("a namespace does not take another one's name") {
  metadefs_fixture api;
  api.make("n");
  api.make("m");
  CHECK(api.as(administrator, "PUT", namespaces + "/n", {{"namespace", "m"}}).status == 409);
  CHECK(api.names(administrator, "?sort_key=namespace&sort_dir=asc") == strings{"m", "n"});
}

TEST_CASE(
    "everybody reads public definitions, nobody but administrators writes, and private ones are absent for others") {
  metadefs_fixture api;
  api.make("open");
  api.make("closed", "private", {{"owner", "a"}});
  for (const std::string inner : {"objects", "properties", "tags"}) {
    const json one = inner == "properties" ? a_property : json{{"name", "p"}};
    for (const std::string name : {"open", "closed"}) {
      const auto path = namespaces + "/" + name + "/" + inner;
      const bool tags = inner == "tags";
      CHECK(api.as(administrator, "POST", tags ? path + "/p" : path, tags ? json{} : one).status == 201);
    }
  }
  struct row {
    std::string method, path;
    json body;
    int reads;  ///< the status for who may see and not write
  };
  const std::vector<row> rows{
      {"GET", "", {}, 200},
      {"PUT", "", {{"namespace", "other"}}, 403},
      {"DELETE", "", {}, 403},
      {"GET", "/objects", {}, 200},
      {"POST", "/objects", {{"name", "q"}}, 403},
      {"DELETE", "/objects", {}, 403},
      {"GET", "/objects/p", {}, 200},
      {"PUT", "/objects/p", {{"name", "q"}}, 403},
      {"DELETE", "/objects/p", {}, 403},
      {"GET", "/properties", {}, 200},
      {"POST", "/properties", a_property, 403},
      {"DELETE", "/properties", {}, 403},
      {"GET", "/properties/p", {}, 200},
      {"PUT", "/properties/p", a_property, 403},
      {"DELETE", "/properties/p", {}, 403},
      {"GET", "/tags", {}, 200},
      {"POST", "/tags", {{"tags", json::array()}}, 403},
      {"DELETE", "/tags", {}, 403},
      {"GET", "/tags/p", {}, 200},
      {"POST", "/tags/q", {}, 403},
      {"PUT", "/tags/p", {{"name", "q"}}, 403},
      {"DELETE", "/tags/p", {}, 403},
      {"GET", "/resource_types", {}, 200},
      {"POST", "/resource_types", {{"name", "T"}}, 403},
      {"DELETE", "/resource_types/T", {}, 403},
  };
  for (const auto& row : rows) {
    INFO(row.method << ' ' << row.path);
    CHECK(api.as(project_b, row.method, namespaces + "/open" + row.path, row.body).status == row.reads);
    CHECK(api.as(project_a, row.method, namespaces + "/closed" + row.path, row.body).status == row.reads);
    const auto hidden = api.as(project_b, row.method, namespaces + "/closed" + row.path, row.body);
    const auto absent = api.as(project_b, row.method, namespaces + "/absent" + row.path, row.body);
    CHECK(hidden.status == 404);
    CHECK(absent.status == 404);
    auto words = absent.body;
    words.replace(words.find("absent"), 6, "closed");
    CHECK(hidden.body == words);
  }
  CHECK(api.as(project_a, "POST", namespaces, {{"namespace", "mine"}}).status == 403);
  CHECK(api.as("", "GET", namespaces).status == 401);
  CHECK(api.names(project_b) == strings{"open"});
  CHECK(api.names(project_a, "?sort_key=namespace&sort_dir=asc") == strings{"closed", "open"});
  CHECK(api.names(administrator).size() == 2);
}

TEST_CASE("whom the policy lets write besides administrators writes their own project's namespaces only") {
  metadefs_fixture api;
  api.configuration.policy.set(sluice::schemas::policy_rule::modify_metadefs, {"admin", "member"});
  api.make("theirs");
  CHECK(api.as(project_a, "POST", namespaces, {{"namespace", "mine"}}).status == 201);
  CHECK(api.as(project_a, "POST", namespaces, {{"namespace", "x"}, {"owner", "b"}}).status == 403);
  CHECK(api.as(project_a, "POST", namespaces + "/mine/tags/t").status == 201);
  CHECK(api.as(project_a, "POST", namespaces + "/theirs/tags/t").status == 403);
  CHECK(api.as(project_a, "DELETE", namespaces + "/theirs").status == 403);
  CHECK(api.as(project_a, "PUT", namespaces + "/mine", {{"namespace", "mine"}, {"owner", "b"}}).status == 403);
  CHECK(api.as(project_a, "PUT", namespaces + "/mine", {{"namespace", "ours"}}).status == 200);
  CHECK(api.as(project_a, "DELETE", namespaces + "/ours").status == 204);
}

TEST_CASE("what is in a namespace is made, replaced, renamed and deleted one by one") {
  metadefs_fixture api;
  api.make("n");
  const auto at = [](const std::string& rest) { return namespaces + "/n" + rest; };
  CHECK(api.as(administrator, "POST", at("/objects"), {{"name", "o"}, {"required", {"a"}}}).status == 201);
  CHECK(api.as(administrator, "POST", at("/objects"), {{"name", "o"}}).status == 409);
  CHECK(api.as(administrator, "POST", at("/objects"), {{"name", "second"}}).status == 201);
  CHECK(api.as(administrator, "PUT", at("/objects/o"), {{"name", "second"}}).status == 409);
  const auto renamed = api.as(administrator, "PUT", at("/objects/o"), {{"name", "first"}, {"description", "d"}});
  CHECK(renamed.status == 200);
  CHECK_FALSE(json::parse(renamed.body).contains("required"));
  CHECK(api.as(administrator, "GET", at("/objects/o")).status == 404);
  CHECK(json::parse(api.as(project_a, "GET", at("/objects?sort_key=name&sort_dir=asc&limit=1")).body)
            .at("objects")
            .at(0)
            .at("name") == "first");
  CHECK(api.as(administrator, "DELETE", at("/objects/first")).status == 204);
  CHECK(api.as(administrator, "DELETE", at("/objects/first")).status == 404);

  CHECK(api.as(administrator, "POST", at("/properties"), a_property).status == 201);
  CHECK(api.as(administrator, "POST", at("/properties"), a_property).status == 409);
  CHECK(json::parse(api.as(project_a, "GET", at("/properties/p")).body) == a_property);
  auto other = a_property;
  other["name"] = "q";
  CHECK(api.as(administrator, "PUT", at("/properties/p"), other).status == 200);
  CHECK(json::parse(api.as(project_a, "GET", at("/properties")).body).at("properties").contains("q"));
  CHECK(api.as(administrator, "POST", at("/resource_types"), {{"name", "T"}, {"prefix", "t:"}}).status == 201);
  CHECK(api.as(administrator, "POST", at("/resource_types"), {{"name", "T"}}).status == 409);
  CHECK(api.as(project_a, "GET", at("/properties/t:q?resource_type=T")).status == 200);
  CHECK(api.as(project_a, "GET", at("/properties/q?resource_type=T")).status == 404);
  CHECK(api.as(project_a, "GET", at("/properties/q?resource_type=U")).status == 404);
  CHECK(api.as(administrator, "DELETE", at("/resource_types/U")).status == 404);
  CHECK(api.as(administrator, "DELETE", at("/resource_types/T")).status == 204);

  const json two{{"tags", {{{"name", "a"}}, {{"name", "b"}}}}};
  CHECK(json::parse(api.as(administrator, "POST", at("/tags"), two).body) == two);
  CHECK(api.as(administrator, "POST", at("/tags"), {{"tags", {{{"name", "c"}}}}}).status == 201);
  CHECK(json::parse(api.as(project_a, "GET", at("/tags")).body).at("tags").size() == 1);
  CHECK(api.as(administrator + "X-Openstack-Append: True\r\n", "POST", at("/tags"), two).status == 201);
  CHECK(api.as(administrator + "X-Openstack-Append: True\r\n", "POST", at("/tags"), two).status == 409);
  CHECK(json::parse(api.as(project_a, "GET", at("/tags?marker=b")).body).at("tags").size() == 2);
  CHECK(api.as(project_a, "GET", at("/tags?marker=z")).status == 404);
  CHECK(api.as(administrator, "POST", at("/tags/d")).status == 201);
  CHECK(json::parse(api.as(administrator, "PUT", at("/tags/d"), {{"name", "e"}}).body).at("name") == "e");
  CHECK(api.as(administrator, "DELETE", at("/tags/e")).status == 204);
  CHECK(api.as(administrator, "DELETE", at("/tags")).status == 204);
  CHECK(json::parse(api.as(project_a, "GET", at("/tags")).body).at("tags").empty());
  CHECK(api.as(administrator, "DELETE", at("/objects")).status == 204);
  CHECK(api.as(administrator, "DELETE", at("/properties")).status == 204);
}

TEST_CASE("nothing of a protected namespace is deleted") {
  metadefs_fixture api;
  api.make("n", "public",
           {{"protected", true},
            {"objects", {{{"name", "o"}}}},
            {"tags", {{{"name", "t"}}}},
            {"resource_type_associations", {{{"name", "T"}}}},
            {"properties", {{"p", {{"title", "P"}, {"type", "string"}}}}}});
  for (const std::string rest :
       {"", "/objects", "/objects/o", "/properties", "/properties/p", "/tags", "/tags/t", "/resource_types/T"}) {
    INFO(rest);
    CHECK(api.as(administrator, "DELETE", namespaces + "/n" + rest).status == 403);
  }
}

TEST_CASE("namespaces are listed by page, visibility, resource type and order") {
  metadefs_fixture api;
  api.make("b", "public", {{"resource_type_associations", {{{"name", "T"}}}}});
  api.make("c", "private", {{"resource_type_associations", {{{"name", "U"}}}}});
  api.make("a", "public");
  const std::string by_name = "sort_key=namespace&sort_dir=asc";
  CHECK(api.names(administrator) == strings{"a", "c", "b"});
  CHECK(api.names(administrator, "?" + by_name) == strings{"a", "b", "c"});
  CHECK(api.names(administrator, "?visibility=private") == strings{"c"});
  CHECK(api.names(administrator, "?resource_types=U,T&" + by_name) == strings{"b", "c"});
  CHECK(api.names(administrator, "?resource_types=V").empty());
  CHECK(api.names(administrator, "?limit=0").empty());

  const auto first = json::parse(api.as(administrator, "GET", namespaces + "?limit=2&" + by_name).body);
  CHECK(first.at("first") == namespaces + "?limit=2&" + by_name);
  CHECK(first.at("next") == namespaces + "?limit=2&" + by_name + "&marker=b");
  CHECK(first.at("schema") == "/v2/schemas/metadefs/namespaces");
  CHECK(first.at("namespaces").at(1).at("resource_type_associations").at(0).at("name") == "T");
  const auto second = json::parse(api.as(administrator, "GET", first.at("next").get<std::string>()).body);
  CHECK(second.at("namespaces").size() == 1);
  CHECK_FALSE(second.contains("next"));
  for (const std::string query :
       {"?limit=x", "?sort_dir=up", "?sort_key=size", "?visibility=shared", "?limit=1&limit=2"})
    CHECK(api.as(administrator, "GET", namespaces + query).status == 400);
  CHECK(api.as(administrator, "GET", namespaces + "?marker=z").status == 404);

  const auto types = json::parse(api.as(project_b, "GET", "/v2/metadefs/resource_types").body).at("resource_types");
  strings known;
  for (const auto& type : types)
    known.push_back(type.at("name"));
  CHECK(known.front() == "OS::Cinder::Volume");
  CHECK(std::count(known.begin(), known.end(), "T") == 1);
  CHECK(std::count(known.begin(), known.end(), "U") == 0);  // a private namespace of others speaks of it
}

TEST_CASE("faults of metadata definitions are told in Glance's shape, and bodies are judged") {
  metadefs_fixture api;
  const auto refused = api.as(administrator, "POST", namespaces, {{"namespace", "x"}, {"visibility", "shared"}});
  CHECK(refused.status == 400);
  CHECK(json::parse(refused.body).at("code") == "400 Bad Request");
  CHECK(api.as(administrator, "POST", namespaces, {{"namespace", "x"}, {"schema", "/"}}).status == 403);
  CHECK(api.as(administrator, "POST", namespaces).status == 400);
  CHECK(api.as(administrator, "POST", namespaces, {{"namespace", "a/b"}}).status == 400);
  CHECK(api.ask("GET", namespaces + "/absent", project_a + "Accept: */*\r\n").field("content-type") ==
        "text/html; charset=UTF-8");
  CHECK(api.as(administrator, "PATCH", namespaces + "/x").status == 405);
  CHECK(api.as(administrator, "PATCH", namespaces + "/x").field("allow") == "GET, HEAD, PUT, DELETE");
  CHECK(json::parse(api.as(project_a, "GET", "/v2/schemas/metadefs/tags").body).at("name") == "tags");
  CHECK(api.as(project_a, "GET", "/v2/schemas/metadefs/image").status == 404);
}

TEST_CASE("changes of one namespace at the same time are all kept") {
  metadefs_fixture api;
  api.make("n");
  std::vector<std::thread> writers;
  std::atomic<int> made{0};
  for (int writer = 0; writer < 4; ++writer)
    writers.emplace_back([&, writer] {
      for (int i = 0; i < 8; ++i)
        made += api.as(administrator, "POST", namespaces + "/n/tags/t" + std::to_string(writer * 8 + i)).status == 201;
    });
  for (auto& writer : writers)
    writer.join();
  CHECK(made == 32);
  CHECK(json::parse(api.as(project_a, "GET", namespaces + "/n/tags").body).at("tags").size() == 32);
}
