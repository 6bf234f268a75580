// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include "tests/http/server/api_fixture.hpp"

namespace sluice::http {
namespace {

using nlohmann::json;

const std::string as_json = "Accept: application/json\r\nContent-Type: application/json\r\n";
const std::string new_patch = "Content-Type: application/openstack-images-v2.1-json-patch\r\n";
const std::string old_patch = "Content-Type: application/openstack-images-v2.0-json-patch\r\n";

reply create(api_fixture& service, const json& body, const std::string& who = project_a) {
  return service.ask("POST", "/v2/images", who + as_json, body.dump());
}

std::string created(api_fixture& service, const json& body = json::object(), const std::string& who = project_a) {
  const auto answer = create(service, body, who);
  INFO(answer.body);
  REQUIRE(answer.status == 201);
  return json::parse(answer.body).at("id").get<std::string>();
}

json shown(api_fixture& service, const std::string& id, const std::string& who = project_a) {
  const auto answer = service.ask("GET", "/v2/images/" + id, who + as_json);
  REQUIRE(answer.status == 200);
  return json::parse(answer.body);
}

reply patch(api_fixture& service, const std::string& id, const json& steps, const std::string& who = project_a,
            const std::string& type = new_patch) {
  return service.ask("PATCH", "/v2/images/" + id, who + "Accept: application/json\r\n" + type, steps.dump());
}

TEST_CASE("an image is created queued, with every base attribute, and says how it can be filled") {
  api_fixture service;
  const auto answer = create(service, {{"name", "cirros"},
                                       {"container_format", "bare"},
                                       {"disk_format", "raw"},
                                       {"visibility", "private"},
                                       {"tags", {"b", "a", "b"}},
                                       {"min_ram", 64},
                                       {"ramdisk_id", "some-id"}});
  REQUIRE(answer.status == 201);
  CHECK(answer.field("openstack-image-import-methods") == "glance-direct,web-download,copy-image");
  CHECK(answer.field("content-type") == "application/json");
  const auto image = json::parse(answer.body);
  const auto id = image.at("id").get<std::string>();
  CHECK(answer.field("location") == "http://images.example/v2/images/" + id);
  CHECK(image.at("status") == "queued");
  CHECK(image.at("owner") == "a");
  CHECK(image.at("tags") == json{"a", "b"});
  CHECK(image.at("ramdisk_id") == "some-id");
  CHECK(image.at("min_ram") == 64);
  CHECK(image.at("protected") == false);
  CHECK(image.at("os_hidden") == false);
  for (const auto* const absent : {"size", "virtual_size", "checksum", "os_hash_algo", "os_hash_value"})
    CHECK(image.at(absent).is_null());
  CHECK(shown(service, id) == image);
  CHECK(service.ask("GET", "/v2/images/" + id + "/file").status == 204);
}

TEST_CASE("unset visibility is shared, and no name and no formats are null") {
  api_fixture service;
  const auto image = shown(service, created(service));
  CHECK(image.at("visibility") == "shared");
  for (const auto* const absent : {"name", "container_format", "disk_format"})
    CHECK(image.at(absent).is_null());
}

TEST_CASE("an image that must not be made is refused with Glance's status") {
  api_fixture service;
  const std::vector<std::pair<json, int>> refused{
      {{{"container_format", "wrong"}}, 400},
      {{{"disk_format", "wrong"}}, 400},
      {{{"id", "not-a-uuid"}}, 400},
      {{{"min_disk", -1}}, 400},
      {{{"tags", "text"}}, 400},
      {{{"tags", {std::string(256, 'x')}}}, 400},
      {{{"key", 5}}, 400},
      {{{std::string(256, 'k'), "value"}}, 400},
      {{{"visibility", "secret"}}, 400},
      {{{"os_glance_import_task", "x"}}, 403},
      {{{"os_glance_anything", "x"}}, 403},
      {{{"status", "active"}}, 403},
      {{{"size", 7}}, 403},
      {{{"checksum", "x"}}, 403},
      {{{"os_hash_value", "x"}}, 403},
      {{{"self", "x"}}, 403},
      {{{"stores", "x"}}, 403},
      {{{"deleted", "x"}}, 403},
      {{{"locations", json::array()}}, 403},
      {{{"visibility", "public"}}, 403},
      {{{"owner", "b"}}, 403},
      {json::array(), 400},
  };
  for (const auto& [body, status] : refused) {
    INFO(body.dump());
    CHECK(create(service, body).status == status);
  }
  CHECK(service.ask("POST", "/v2/images", project_a + as_json, "{").status == 400);
  CHECK(service.ask("POST", "/v2/images", project_a + as_json, "").status == 400);
}

TEST_CASE("an id of the client's choice is taken once") {
  api_fixture service;
  CHECK(created(service, {{"id", id_of(7)}}) == id_of(7));
  CHECK(create(service, {{"id", id_of(7)}}).status == 409);
  CHECK(create(service, {{"id", id_of(7)}}, project_b).status == 409);
}

TEST_CASE("an administrator makes images for others, and public ones") {
  api_fixture service;
  const auto id = created(service, {{"owner", "a"}, {"visibility", "public"}}, administrator);
  const auto image = shown(service, id, project_b);
  CHECK(image.at("owner") == "a");
  CHECK(image.at("visibility") == "public");
}

TEST_CASE("a PATCH in the new dialect adds, replaces and removes, and answers the image") {
  api_fixture service;
  const auto id = created(service, {{"name", "old"}, {"key", "value"}});
  const auto answer = patch(service, id,
                            {{{"op", "replace"}, {"path", "/name"}, {"value", "new"}},
                             {{"op", "add"}, {"path", "/os_distro"}, {"value", "debian"}},
                             {{"op", "add"}, {"path", "/a~1b~0c"}, {"value", "escaped"}},
                             {{"op", "replace"}, {"path", "/tags"}, {"value", {"y", "x"}}},
                             {{"op", "replace"}, {"path", "/protected"}, {"value", true}},
                             {{"op", "replace"}, {"path", "/min_disk"}, {"value", 5}},
                             {{"op", "replace"}, {"path", "/disk_format"}, {"value", "qcow2"}},
                             {{"op", "remove"}, {"path", "/key"}}});
  INFO(answer.body);
  REQUIRE(answer.status == 200);
  const auto image = json::parse(answer.body);
  CHECK(image.at("name") == "new");
  CHECK(image.at("os_distro") == "debian");
  CHECK(image.at("a/b~c") == "escaped");
  CHECK(image.at("tags") == json{"x", "y"});
  CHECK(image.at("protected") == true);
  CHECK(image.at("min_disk") == 5);
  CHECK(image.at("disk_format") == "qcow2");
  CHECK_FALSE(image.contains("key"));
  CHECK(shown(service, id) == image);
  REQUIRE(patch(service, id, {{{"op", "add"}, {"path", "/name"}, {"value", nullptr}}}).status == 200);
  CHECK(shown(service, id).at("name").is_null());
}

TEST_CASE("a PATCH in the old dialect names the operation by its member, and adds only what is not there") {
  api_fixture service;
  const auto id = created(service, {{"name", "old"}, {"key", "value"}});
  const auto answer = patch(
      service, id,
      {{{"replace", "/name"}, {"value", "new"}}, {{"add", "/os_distro"}, {"value", "debian"}}, {{"remove", "/key"}}},
      project_a, old_patch);
  REQUIRE(answer.status == 200);
  const auto image = json::parse(answer.body);
  CHECK(image.at("name") == "new");
  CHECK(image.at("os_distro") == "debian");
  CHECK_FALSE(image.contains("key"));
  CHECK(patch(service, id, {{{"add", "/os_distro"}, {"value", "other"}}}, project_a, old_patch).status == 409);
  CHECK(patch(service, id, {{{"add", "/a"}, {"replace", "/b"}, {"value", "x"}}}, project_a, old_patch).status == 400);
  CHECK(patch(service, id, {{{"value", "x"}}}, project_a, old_patch).status == 400);
  CHECK(patch(service, id, {{{"op", "add"}, {"path", "/a"}, {"value", "x"}}}, project_a, old_patch).status == 400);
}

TEST_CASE("a PATCH that must not be is refused with Glance's status, and changes nothing") {
  api_fixture service;
  const auto id = created(service, {{"name", "old"}});
  const auto before = shown(service, id);
  const auto set = [](const std::string& path, const json& value) {
    return json::array({{{"op", "replace"}, {"path", path}, {"value", value}}});
  };
  const std::vector<std::pair<json, int>> refused{
      {set("/id", id_of(9)), 403},
      {set("/status", "active"), 403},
      {set("/size", 7), 403},
      {set("/created_at", "x"), 403},
      {set("/os_glance_import_task", "x"), 403},
      {set("/os_glance_failed_import", "x"), 403},
      {set("/deleted", true), 403},
      {set("/stores", "x"), 403},
      {set("/owner", "b"), 403},
      {set("/visibility", "public"), 403},
      {set("/locations", json::array()), 403},
      {json::array({{{"op", "add"}, {"path", "/locations/-"}, {"value", json::object()}}}), 403},
      {json::array({{{"op", "remove"}, {"path", "/locations/0"}}}), 403},
      {json::array({{{"op", "remove"}, {"path", "/name"}}}), 403},
      {json::array({{{"op", "remove"}, {"path", "/nothing"}}}), 409},
      {set("/nothing", "x"), 409},
      {set("/visibility", "secret"), 400},
      {set("/disk_format", "wrong"), 400},
      {set("/min_ram", "many"), 400},
      {set("name", "x"), 400},
      {set("/", "x"), 400},
      {set("//name", "x"), 400},
      {set("/name/", "x"), 400},
      {set("/tags/0", "x"), 400},
      {set("/na~2me", "x"), 400},
      {json::array({{{"op", "move"}, {"path", "/name"}, {"value", "x"}}}), 400},
      {json::array({{{"op", "replace"}, {"path", "/name"}}}), 400},
      {json::array({{{"op", "replace"}, {"value", "x"}}}), 400},
      {json::array({"text"}), 400},
      {json::object(), 400},
  };
  const json good_step{{"op", "replace"}, {"path", "/name"}, {"value", "half"}};
  for (const auto& [steps, status] : refused) {
    INFO(steps.dump());
    auto with_good_step = steps;
    if (steps.is_array())
      with_good_step.insert(with_good_step.begin(), good_step);
    CHECK(patch(service, id, with_good_step).status == status);
  }
  CHECK(shown(service, id) == before);
}

TEST_CASE("a PATCH of another media type is refused and told which are taken") {
  api_fixture service;
  const auto id = created(service);
  const auto answer = patch(service, id, json::array(), project_a, "Content-Type: application/json\r\n");
  CHECK(answer.status == 415);
  CHECK(answer.field("accept-patch") ==
        "application/openstack-images-v2.0-json-patch, application/openstack-images-v2.1-json-patch");
}

TEST_CASE("formats are fixed once there are bytes") {
  api_fixture service;
  const auto id = service.put_image(1, "a", "bytes").id;
  const json steps = json::array({{{"op", "replace"}, {"path", "/disk_format"}, {"value", "raw"}}});
  CHECK(patch(service, id, steps).status == 403);
  CHECK(shown(service, id).at("stores") == "default");
}

TEST_CASE("tags come and go one by one") {
  api_fixture service;
  const auto id = created(service);
  const auto tag = [&](const std::string& method, const std::string& name, const std::string& who = project_a) {
    return service.ask(method, "/v2/images/" + id + "/tags/" + name, who).status;
  };
  CHECK(tag("PUT", "blue") == 204);
  CHECK(tag("PUT", "a%20b%C3%A9") == 204);
  CHECK(tag("PUT", "blue") == 204);
  CHECK(shown(service, id).at("tags") == json{"a b\xc3\xa9", "blue"});
  CHECK(tag("DELETE", "blue") == 204);
  CHECK(tag("DELETE", "blue") == 404);
  CHECK(tag("PUT", std::string(256, 'x')) == 400);
  CHECK(tag("PUT", "blue", project_b) == 404);
  CHECK(service.ask("PUT", "/v2/images/" + id_of(99) + "/tags/x").status == 404);
  for (int i = 0; i < 127; ++i)
    REQUIRE(tag("PUT", "t" + std::to_string(i)) == 204);
  CHECK(tag("PUT", "one-too-many") == 413);
}

TEST_CASE("a deactivated image keeps its bytes from all but administrators until it is reactivated") {
  api_fixture service;
  const auto id = service.put_image(1, "a", "bytes", "public").id;
  const auto act = [&](const std::string& what, const std::string& who = project_a) {
    return service.ask("POST", "/v2/images/" + id + "/actions/" + what, who).status;
  };
  CHECK(act("deactivate", project_b) == 403);
  CHECK(act("deactivate") == 204);
  CHECK(act("deactivate") == 204);
  CHECK(shown(service, id).at("status") == "deactivated");
  CHECK(service.ask("GET", "/v2/images/" + id + "/file").status == 403);
  CHECK(service.ask("GET", "/v2/images/" + id + "/file", project_b).status == 403);
  CHECK(service.ask("GET", "/v2/images/" + id + "/file", administrator).body == "bytes");
  CHECK(act("reactivate") == 204);
  CHECK(service.ask("GET", "/v2/images/" + id + "/file", project_b).body == "bytes");
  const auto queued = created(service);
  CHECK(service.ask("POST", "/v2/images/" + queued + "/actions/deactivate").status == 403);
}

TEST_CASE("a shared image is the member's to accept, and the owner's to give and take") {
  api_fixture service;
  const auto id = service.put_image(1, "a", "bytes").id;
  const auto members = "/v2/images/" + id + "/members";
  const auto ask = [&](const std::string& method, const std::string& path, const std::string& who,
                       const std::string& body = {}) { return service.ask(method, path, who + as_json, body); };
  const auto added = ask("POST", members, project_a, R"({"member": "b"})");
  REQUIRE(added.status == 200);
  auto member = json::parse(added.body);
  CHECK(member.at("member_id") == "b");
  CHECK(member.at("image_id") == id);
  CHECK(member.at("status") == "pending");
  CHECK(member.at("schema") == "/v2/schemas/member");
  CHECK(ask("POST", members, project_a, R"({"member": "b"})").status == 409);
  CHECK(ask("POST", members, project_a, R"({"member": ""})").status == 400);
  CHECK(ask("POST", members, project_a, R"({})").status == 400);
  CHECK(ask("POST", members, project_b, R"({"member": "c"})").status == 403);
  CHECK(ask("GET", "/v2/images/" + id, project_b).status == 200);
  CHECK(ask("GET", "/v2/images/" + id + "/file", project_b).body == "bytes");
  const auto listed = [&](const std::string& query, const std::string& who = project_b) {
    return json::parse(ask("GET", "/v2/images" + query, who).body).at("images").size();
  };
  CHECK(listed("") == 0);
  CHECK(listed("?member_status=pending&visibility=shared") == 1);
  CHECK(listed("?member_status=all") == 1);
  CHECK(ask("PUT", members + "/b", project_a, R"({"status": "accepted"})").status == 403);
  CHECK(ask("PUT", members + "/b", project_b, R"({"status": "perhaps"})").status == 400);
  CHECK(ask("PUT", members + "/c", project_b, R"({"status": "accepted"})").status == 404);
  CHECK(ask("PUT", members + "/b", project_b, R"({"status": "accepted"})").status == 200);
  CHECK(listed("") == 1);
  CHECK(listed("?visibility=private") == 0);
  CHECK(ask("POST", members, project_a, R"({"member": "c"})").status == 200);
  CHECK(json::parse(ask("GET", members, project_a).body).at("members").size() == 2);
  const auto seen_by_member = json::parse(ask("GET", members, project_b).body);
  REQUIRE(seen_by_member.at("members").size() == 1);
  CHECK(seen_by_member.at("members").at(0).at("member_id") == "b");
  CHECK(ask("GET", members + "/c", project_b).status == 404);
  CHECK(ask("GET", members + "/b", project_b).status == 200);
  CHECK(ask("GET", members + "/d", project_a).status == 404);
  CHECK(ask("DELETE", members + "/b", project_b).status == 403);
  CHECK(ask("DELETE", members + "/b", project_a).status == 204);
  CHECK(ask("GET", "/v2/images/" + id, project_b).status == 404);
  const auto open = service.put_image(2, "a", "bytes", "public").id;
  CHECK(ask("POST", "/v2/images/" + open + "/members", project_a, R"({"member": "b"})").status == 403);
  CHECK(ask("GET", "/v2/images/" + open + "/members", project_a).status == 403);
}

}  // namespace
}  // namespace sluice::http
