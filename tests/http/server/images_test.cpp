// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include "tests/http/server/api_fixture.hpp"

namespace sluice::http {
namespace {

using nlohmann::json;

const std::string as_json = "Accept: application/json\r\n";

std::vector<int> listed(api_fixture& service, const std::string& query, const std::string& who = project_a) {
  const auto answer = service.ask("GET", "/v2/images" + query, who + as_json);
  INFO(query << answer.body);
  REQUIRE(answer.status == 200);
  std::vector<int> numbers;
  const auto page = json::parse(answer.body);
  for (const auto& each : page.at("images"))
    numbers.push_back(std::stoi(each.at("id").get<std::string>().substr(24)));
  return numbers;
}

using numbers = std::vector<int>;

TEST_CASE("an image is shown to who may see it, and is otherwise absent, whatever is asked of it") {
  api_fixture service;
  const auto mine = service.put_image(1, "a", "bytes").id;
  const auto foreign = service.put_image(2, "b", "bytes").id;
  const auto open = service.put_image(3, "b", "bytes", "public").id;
  CHECK(json::parse(service.ask("GET", "/v2/images/" + mine).body).at("disk_format") == "qcow2");
  CHECK(service.ask("GET", "/v2/images/" + open).status == 200);
  CHECK(service.ask("GET", "/v2/images/" + foreign, administrator).status == 200);
  const auto absent = id_of(99);
  for (const std::string method : {"GET", "HEAD", "DELETE"})
    for (const std::string rest : {"", "/file"})
      for (const std::string accept :
           {"", "Accept: */*\r\n", "Accept: application/json\r\n", "Accept: application/problem+json\r\n"}) {
        raw_client client{service.endpoint()};
        auto other = client.ask(method, "/v2/images/" + foreign + rest, project_a + accept);
        auto none = client.ask(method, "/v2/images/" + absent + rest, project_a + accept);
        CHECK(other.status == (method == "DELETE" && !rest.empty() ? 405 : 404));
        CHECK(other.status == none.status);
        CHECK(other.field("content-type") == none.field("content-type"));
        if (const auto at = other.body.find(foreign); at != std::string::npos)
          other.body.replace(at, foreign.size(), absent);
        CHECK(other.body == none.body);
      }
  CHECK(service.world->removed.empty());
}

TEST_CASE("faults on images have Glance's shapes, by what the client accepts") {
  api_fixture service;
  const auto fault_for = [&](const std::string& accept) {
    return service.ask("GET", "/v2/images/a-name", project_a + accept);
  };
  CHECK(fault_for("").field("content-type").starts_with("text/plain"));
  CHECK(fault_for("Accept: */*\r\n").field("content-type").starts_with("text/html"));
  const auto shaped = fault_for(as_json);
  CHECK(json::parse(shaped.body).at("code") == "404 Not Found");
  CHECK(fault_for("Accept: application/problem+json\r\n").field("content-type") == "application/problem+json");
}

TEST_CASE("a listing is the caller's own images and the public ones, newest first") {
  api_fixture service;
  for (int i = 1; i <= 3; ++i)
    service.put_image(i, "a", "x");
  service.put_image(4, "b", "x");
  service.put_image(5, "b", "x", "public");
  CHECK(listed(service, "") == numbers{5, 3, 2, 1});
  CHECK(listed(service, "?owner=b") == numbers{5});
  CHECK(listed(service, "?owner=a") == numbers{3, 2, 1});
  CHECK(listed(service, "", administrator) == numbers{5, 4, 3, 2, 1});
  CHECK(listed(service, "?visibility=public") == numbers{5});
  CHECK(listed(service, "?name=image%202") == numbers{2});
  CHECK(listed(service, "?status=queued").empty());
  CHECK(listed(service, "?limit=2&marker=" + id_of(5)) == numbers{3, 2});
  CHECK(listed(service, "?sort_dir=asc&sort_key=created_at") == numbers{1, 2, 3, 5});
  CHECK(listed(service, "?sort_key=name&sort_dir=asc&limit=200") == numbers{1, 2, 3, 5});
  CHECK(listed(service, "?sort=name:desc&limit=2") == numbers{5, 3});
  CHECK(listed(service, "?sort=name:desc&limit=2&marker=" + id_of(3)) == numbers{2, 1});
  CHECK(listed(service, "?member_status=accepted") == numbers{5, 3, 2, 1});
  CHECK(service.ask("GET", "/v2/images?marker=" + id_of(4)).status == 400);
  CHECK(service.ask("GET", "/v2/images?sort=name&marker=" + id_of(4)).status == 400);
}

TEST_CASE("a page of images names the next one only when there is more") {
  api_fixture service;
  for (int i = 1; i <= 3; ++i)
    service.put_image(i, "a", "x");
  const auto first = json::parse(service.ask("GET", "/v2/images?limit=2&name=in%3Aimage%201,image%202,image%203").body);
  CHECK(first.at("images").size() == 2);
  CHECK(first.at("schema") == "/v2/schemas/images");
  const auto last = json::parse(service.ask("GET", first.at("next").get<std::string>()).body);
  CHECK(last.at("images").size() == 1);
  CHECK_FALSE(last.contains("next"));
}

TEST_CASE("a listing filters by attributes, tags and properties") {
  api_fixture service;
  auto image = service.put_image(1, "a", "12345");
  image.properties.tags = {"blue", "green"};
  image.properties.extra["os_distro"] = "debian";
  image.properties.is_protected = true;
  service.put(image);
  service.put_image(2, "a", "1234567890");
  CHECK(listed(service, "?tag=blue&tag=green") == numbers{1});
  CHECK(listed(service, "?tag=blue&tag=red").empty());
  CHECK(listed(service, "?os_distro=debian") == numbers{1});
  CHECK(listed(service, "?protected=true") == numbers{1});
  CHECK(listed(service, "?size_min=6") == numbers{2});
  CHECK(listed(service, "?size_max=6") == numbers{1});
  CHECK(listed(service, "?id=in:" + id_of(2) + "," + id_of(9)) == numbers{2});
  CHECK(listed(service, "?created_at=gt:2023-11-14T22:13:21Z") == numbers{2});
  CHECK(listed(service, "?os_hidden=True").empty());
  for (const auto* const bad :
       {"?limit=x", "?visibility=secret", "?member_status=x", "?size_min=x", "?sort_key=colour", "?sort_dir=up",
        "?sort=name&sort_key=name", "?created_at=yesterday", "?os_hidden=perhaps", "?marker=x"})
    CHECK(service.ask("GET", std::string{"/v2/images"} + bad).status == 400);
}

TEST_CASE("a deletion is asked of the lifetime actor; what is not one's own is refused first") {
  api_fixture service;
  const auto mine = service.put_image(1, "a", "x").id;
  const auto open = service.put_image(2, "b", "x", "public").id;
  CHECK(service.ask("DELETE", "/v2/images/" + mine).status == 204);
  REQUIRE(service.world->removed.size() == 1);
  CHECK(service.world->removed.front().second == mine);
  CHECK(service.ask("DELETE", "/v2/images/" + open).status == 403);
  CHECK(service.world->removed.size() == 1);
  service.world->on_remove = [](const auto&, const auto&) {
    return actors::to_error(schemas::failure{schemas::error_code::image_protected, "Protected."});
  };
  CHECK(service.ask("DELETE", "/v2/images/" + mine).status == 403);
}

TEST_CASE("versions and schemas are there, with the address the client used") {
  api_fixture service;
  const auto root = service.ask("GET", "/", "");
  CHECK(root.status == 300);
  CHECK(json::parse(root.body)
            .at("versions")
            .at(0)
            .at("links")
            .at(0)
            .at("href")
            .get<std::string>()
            .starts_with("http://images.example/"));
  CHECK(service.ask("GET", "/versions", "").status == 200);
  for (const auto* const name : {"image", "images", "image-import", "image-imports"})
    CHECK(json::parse(service.ask("GET", std::string{"/v2/schemas/"} + name).body).is_object());
  CHECK(service.ask("GET", "/v2/schemas/nothing").status == 404);
  service.configuration.http.public_endpoint = "https://images.cloud.example/";
  CHECK(service.ask("GET", "/versions", "").body.find("https://images.cloud.example/v2") != std::string::npos);
}

}  // namespace
}  // namespace sluice::http
