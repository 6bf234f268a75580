// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <array>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "http/api/routes.hpp"
#include "tests/http/server/isolation_matrix.hpp"

namespace sluice::http {
namespace {

using nlohmann::json;

const std::string rename_it = R"([{"op": "replace", "path": "/name", "value": "new"}])";
const std::string to_someone = R"({"member": "d"})";
const std::string from_the_web = R"({"method": {"name": "web-download", "uri": "https://example.org/disk"}})";
const std::string agreed = R"({"status": "accepted"})";

/// An image of project a that is shared with project b, which accepted it.
const std::vector<cell_row> on_a_shared_image{
    {"GET", "/v2/images/{id}", "", {200, 200, 404, 200, 200, 401}},
    {"HEAD", "/v2/images/{id}", "", {200, 200, 404, 200, 200, 401}},
    {"PATCH", "/v2/images/{id}", rename_it, {200, 403, 404, 403, 200, 401}},
    {"DELETE", "/v2/images/{id}", "", {204, 403, 404, 403, 204, 401}},
    {"GET", "/v2/images/{id}/file", "", {200, 200, 404, 200, 200, 401}},
    {"PUT", "/v2/images/{id}/file", "bytes", {409, 403, 404, 403, 409, 401}},  // it has bytes already
    {"PUT", "/v2/images/{id}/stage", "bytes", {409, 403, 404, 403, 409, 401}},
    {"POST", "/v2/images/{id}/import", from_the_web, {409, 403, 404, 403, 409, 401}},
    {"GET", "/v2/images/{id}/tasks", "", {200, 200, 404, 200, 200, 401}},
    {"PUT", "/v2/images/{id}/tags/new", "", {204, 403, 404, 403, 204, 401}},
    {"DELETE", "/v2/images/{id}/tags/old", "", {204, 403, 404, 403, 204, 401}},
    {"POST", "/v2/images/{id}/actions/deactivate", "", {204, 403, 404, 403, 204, 401}},
    {"POST", "/v2/images/{id}/actions/reactivate", "", {204, 403, 404, 403, 204, 401}},
    {"GET", "/v2/images/{id}/members", "", {200, 200, 404, 200, 200, 401}},
    {"POST", "/v2/images/{id}/members", to_someone, {200, 403, 404, 403, 200, 401}},
    {"GET", "/v2/images/{id}/members/b", "", {200, 200, 404, 200, 200, 401}},
    {"PUT", "/v2/images/{id}/members/b", agreed, {403, 200, 404, 403, 200, 401}},
    {"DELETE", "/v2/images/{id}/members/b", "", {204, 403, 404, 403, 204, 401}},
};

/// The same image made private: whom it was shared with does not matter any more.
const std::vector<cell_row> on_a_private_image{
    {"GET", "/v2/images/{id}", "", {200, 404, 404, 200, 200, 401}},
    {"PATCH", "/v2/images/{id}", rename_it, {200, 404, 404, 403, 200, 401}},
    {"DELETE", "/v2/images/{id}", "", {204, 404, 404, 403, 204, 401}},
    {"GET", "/v2/images/{id}/file", "", {200, 404, 404, 200, 200, 401}},
    {"PUT", "/v2/images/{id}/file", "bytes", {409, 404, 404, 403, 409, 401}},
    {"PUT", "/v2/images/{id}/stage", "bytes", {409, 404, 404, 403, 409, 401}},
    {"POST", "/v2/images/{id}/import", from_the_web, {409, 404, 404, 403, 409, 401}},
    {"GET", "/v2/images/{id}/tasks", "", {200, 404, 404, 200, 200, 401}},
    {"PUT", "/v2/images/{id}/tags/new", "", {204, 404, 404, 403, 204, 401}},
    {"POST", "/v2/images/{id}/actions/deactivate", "", {204, 404, 404, 403, 204, 401}},
    {"GET", "/v2/images/{id}/members", "", {403, 404, 404, 403, 403, 401}},
    {"POST", "/v2/images/{id}/members", to_someone, {403, 404, 404, 403, 403, 401}},
    {"GET", "/v2/images/{id}/members/b", "", {404, 404, 404, 404, 404, 401}},
    {"PUT", "/v2/images/{id}/members/b", agreed, {403, 404, 404, 403, 403, 401}},
    {"DELETE", "/v2/images/{id}/members/b", "", {403, 404, 404, 403, 403, 401}},
};

/// The same image made public, by an administrator; community images are seen alike, but not listed.
const std::vector<cell_row> on_a_public_image{
    {"GET", "/v2/images/{id}", "", {200, 200, 200, 200, 200, 401}},
    {"PATCH", "/v2/images/{id}", rename_it, {200, 403, 403, 403, 200, 401}},
    {"DELETE", "/v2/images/{id}", "", {204, 403, 403, 403, 204, 401}},
    {"GET", "/v2/images/{id}/file", "", {200, 200, 200, 200, 200, 401}},
    {"PUT", "/v2/images/{id}/tags/new", "", {204, 403, 403, 403, 204, 401}},
    {"POST", "/v2/images/{id}/actions/deactivate", "", {204, 403, 403, 403, 204, 401}},
    {"GET", "/v2/images/{id}/members", "", {403, 403, 403, 403, 403, 401}},
    {"POST", "/v2/images/{id}/members", to_someone, {403, 403, 403, 403, 403, 401}},
};

/// An import of project a.
const std::vector<cell_row> on_an_import{
    {"GET", "/v2/image-imports/{import}", "", {200, 404, 404, 200, 200, 401}},
    {"DELETE", "/v2/image-imports/{import}", "", {204, 404, 404, 403, 204, 401}},
    {"GET", "/v2/tasks/{import}", "", {200, 404, 404, 403, 200, 401}},
};

std::string import_of(const std::string& visibility) {
  return R"({"location": "https://example.org/disk", "image_properties": {"visibility": ")" + visibility + "\"}}";
}

std::string task_of(const std::string& visibility) {
  return R"({"type": "import", "input": {"import_from": "https://example.org/disk", "import_from_format": "qcow2",
      "image_properties": {"visibility": ")" +
         visibility + "\"}}}";
}

const std::vector<cell_row> of_no_image{
    {"GET", "/", "", {300, 300, 300, 300, 300, 300}},
    {"GET", "/versions", "", {200, 200, 200, 200, 200, 200}},
    {"GET", "/v2/images", "", {200, 200, 200, 200, 200, 401}},
    {"POST", "/v2/images", "{}", {201, 201, 201, 403, 201, 401}},
    {"POST", "/v2/images", R"({"visibility": "public"})", {403, 403, 403, 403, 201, 401}},
    {"POST", "/v2/images", R"({"visibility": "community"})", {201, 201, 201, 403, 201, 401}},
    {"POST", "/v2/images", R"({"owner": "x"})", {403, 403, 403, 403, 201, 401}},
    {"GET", "/v2/info/import", "", {200, 200, 200, 200, 200, 401}},
    {"GET", "/v2/info/stores", "", {200, 200, 200, 200, 200, 401}},
    {"GET", "/v2/info/stores/detail", "", {403, 403, 403, 403, 200, 401}},
    {"GET", "/v2/info/usage", "", {200, 200, 200, 200, 200, 401}},
    {"GET", "/v2/tasks", "", {200, 200, 200, 403, 200, 401}},
    {"GET", "/v2/image-imports", "", {200, 200, 200, 200, 200, 401}},
    {"POST", "/v2/image-imports", "{}", {400, 400, 400, 403, 400, 401}},
    {"POST", "/v2/image-imports", import_of("private"), {201, 201, 201, 403, 201, 401}},
    {"POST", "/v2/image-imports", import_of("public"), {403, 403, 403, 403, 201, 401}},
    {"POST", "/v2/tasks", task_of("private"), {201, 201, 201, 403, 201, 401}},
    {"POST", "/v2/tasks", task_of("public"), {403, 403, 403, 403, 201, 401}},
    {"GET", "/healthcheck", "", {200, 200, 200, 200, 200, 200}},
    {"GET", "/v2/schemas/image", "", {200, 200, 200, 200, 200, 401}},
    {"GET", "/v2/schemas/members", "", {200, 200, 200, 200, 200, 401}},
};

}  // namespace

TEST_CASE("who may do what with an image: every route, every method, every kind of caller") {
  matrix all;
  all.check(on_a_shared_image, "shared");
  all.check(on_a_private_image, "private");
  all.check(on_a_public_image, "public");
  all.check(on_a_public_image, "community");
}

TEST_CASE("who may do what where no image is named, and with an import") {
  matrix all;
  all.check(of_no_image, "private");
  all.check(on_an_import, "private");
}

TEST_CASE("every route of the API has its rows") {
  api_router routes;
  add_api_routes(routes);
  const std::array all{&on_a_shared_image, &on_a_private_image,     &on_a_public_image,    &of_no_image,
                       &on_an_import,      &private_metadef_rows(), &public_metadef_rows()};
  std::set<std::pair<std::string, std::string>> shown;
  for (const auto* const rows : all)
    for (const auto& row : *rows) {
      for (const auto& [method, pattern] : routes.all()) {
        api_router alone;
        alone.add(method, pattern, schemas::policy_rule::get_images, nullptr);
        const auto name = std::string{boost::beast::http::to_string(method)};
        if (name == row.method && alone.find(method, row.path).handler != nullptr)
          shown.emplace(name, pattern);
      }
    }
  for (const auto& [method, pattern] : routes.all()) {
    const auto name = std::string{boost::beast::http::to_string(method)};
    INFO(name << " " << pattern);
    CHECK(shown.contains({name, std::string{pattern}}));
  }
}

TEST_CASE("a list holds what its caller may see, and community images only when asked for") {
  matrix all;
  const auto private_one = all.fresh_image("private");
  const auto shared_one = all.fresh_image("shared");
  const auto public_one = all.fresh_image("public");
  const auto community_one = all.fresh_image("community");
  using ids = std::set<std::string>;
  const auto listed = [&](std::size_t who, const std::string& query) {
    ids found;
    const auto page = json::parse(all.service().ask("GET", "/v2/images" + query, callers[who].second).body);
    for (const auto& each : page.at("images"))
      found.insert(each.at("id").get<std::string>());
    return found;
  };
  const ids everything{private_one, shared_one, public_one, community_one};
  CHECK(listed(0, "") == everything);
  CHECK(listed(1, "") == ids{shared_one, public_one});
  CHECK(listed(2, "") == ids{public_one});
  CHECK(listed(3, "") == everything);
  CHECK(listed(4, "") == ids{private_one, shared_one, public_one});
  CHECK(listed(1, "?visibility=all") == ids{shared_one, public_one, community_one});
  CHECK(listed(2, "?visibility=community") == ids{community_one});
  CHECK(listed(2, "?visibility=shared").empty());
  CHECK(listed(2, "?visibility=private").empty());
  CHECK(listed(2, "?owner=a") == ids{public_one});
  CHECK(listed(4, "?visibility=all") == everything);
  CHECK(listed(1, "?member_status=pending") == ids{public_one});
}

}  // namespace sluice::http
