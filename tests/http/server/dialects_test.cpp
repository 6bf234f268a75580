// SPDX-License-Identifier: Apache-2.0
// Uploads, interoperable import and tasks: what each dialect asks of the one engine, and how it is answered.
#include <vector>

#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include "schemas/interoperable_import.hpp"
#include "tests/http/server/api_fixture.hpp"

namespace sluice::http {
namespace {

using nlohmann::json;
using schemas::error_code;
using schemas::image_import;
using schemas::image_import_status;
using schemas::import_origin;

const std::string as_json = "Accept: application/json\r\nContent-Type: application/json\r\n";
const std::string as_octets = "Accept: application/json\r\nContent-Type: application/octet-stream\r\n";

/// The engine accepts, and the record is at once as `made` leaves it.
void accept(api_fixture& service, std::function<void(image_import&)> made = {}) {
  service.world->on_create = [&service, made = std::move(made)](image_import draft) {
    if (draft.id.empty())
      draft.id = id_of(900);
    if (made)
      made(draft);
    service.put(draft);
    return caf::expected<image_import>{draft};
  };
}

void refuse(api_fixture& service, error_code code) {
  service.world->on_create = [code](const image_import&) {
    return caf::expected<image_import>{actors::to_error(schemas::failure{code, "No."})};
  };
}

image_import only_draft(api_fixture& service) {
  const std::lock_guard guard{service.world->mutex};
  REQUIRE(service.world->drafts.size() == 1);
  return service.world->drafts.front();
}

/// A queued image of project a that says what it is.
schemas::image queued(api_fixture& service, int number = 1) {
  schemas::image image;
  image.id = id_of(number);
  image.owner = "a";
  image.properties.name = "mine";
  image.properties.visibility = "community";
  image.properties.disk_format = "qcow2";
  image.properties.container_format = "bare";
  image.properties.extra["os_distro"] = "debian";
  service.put(image);
  return image;
}

std::string path_of(const schemas::image& image, const std::string& what) {
  return "/v2/images/" + image.id + "/" + what;
}

const std::string web_download = R"({"method": {"name": "web-download", "uri": "https://example.org/a?k=s"}})";

TEST_CASE("an upload becomes an import into its image, and is answered when that has ended") {
  api_fixture service;
  const auto image = queued(service);
  const auto [what, origin] =
      GENERATE(table<std::string, import_origin>({{"file", import_origin::upload}, {"stage", import_origin::stage}}));
  CAPTURE(what);
  accept(service, [](image_import& draft) {
    draft.facts.emplace();
    if (draft.origin == import_origin::stage) {
      draft.status = image_import_status::uploading;  // staged
    } else {
      draft.status = image_import_status::success;
      draft.expires_at = draft.created_at;
    }
  });
  const auto answer =
      service.ask("PUT", path_of(image, what), project_a + as_octets + "x-openstack-image-size: 4\r\n", "abcd");
  CHECK(answer.status == 204);
  const auto draft = only_draft(service);
  CHECK(draft.origin == origin);
  CHECK(draft.image_id == image.id);
  CHECK(draft.project_id == "a");
  CHECK(draft.request_id == answer.field("x-openstack-request-id"));
  CHECK(draft.request.location == std::string{actors::pushed_location} + draft.id);
  CHECK(draft.request.expect.size == 4);
  CHECK(draft.request.properties == image.properties);
  CHECK_FALSE(service.uploads.find(draft.id));
}

TEST_CASE("an upload that fails is answered with a status for its reason, in words") {
  struct row {
    error_code why;
    int status;
  };
  const auto [why, status] = GENERATE(
      row{error_code::not_an_image, 415}, row{error_code::backing_file, 415}, row{error_code::format_mismatch, 415},
      row{error_code::raw_unrecognised, 415}, row{error_code::virtual_size_too_large, 415},
      row{error_code::image_too_large, 413}, row{error_code::quota_exceeded, 413}, row{error_code::disk_full, 413},
      row{error_code::size_mismatch, 400}, row{error_code::signature_invalid, 400},
      row{error_code::source_truncated, 400}, row{error_code::source_stalled, 408},
      row{error_code::deadline_exceeded, 408}, row{error_code::verifier_failed, 503},
      row{error_code::store_failed, 503}, row{error_code::internal_error, 500}, row{error_code::cancelled, 409});
  CAPTURE(schemas::to_string(why));
  api_fixture service;
  const auto image = queued(service);
  accept(service, [code = why](image_import& draft) {
    draft.status = image_import_status::failure;
    draft.why.emplace(code, "This is the reason.");
    draft.expires_at = draft.created_at;
  });
  const auto answer = service.ask("PUT", path_of(image, "file"), project_a + as_octets, "abcd");
  CHECK(answer.status == status);
  CHECK(json::parse(answer.body).at("message").get<std::string>().find("This is the reason.") != std::string::npos);
}

TEST_CASE("an upload whose image is gone when it ends is answered 410") {
  api_fixture service;
  auto image = queued(service);
  accept(service, [&service, &image](image_import& draft) {
    draft.status = image_import_status::failure;
    draft.why.emplace(error_code::cancelled, "The image was deleted.");
    draft.expires_at = draft.created_at;
    persistence::change_set set;
    set.emplace_back(persistence::erase_image{image.id});
    if (!service.records->commit(std::vector<persistence::change_set>{set}).at(0))
      throw std::runtime_error{"not erased"};
  });
  CHECK(service.ask("PUT", path_of(image, "file"), project_a + as_octets, "abcd").status == 410);
}

TEST_CASE("an engine that is full tells uploads to come again") {
  api_fixture service;
  const auto image = queued(service);
  refuse(service, error_code::too_many_imports);
  const auto answer = service.ask("PUT", path_of(image, "file"), project_a + as_octets, "abcd");
  CHECK(answer.status == 503);
  CHECK_FALSE(answer.field("retry-after").empty());
  CHECK(answer.field("connection") == "close");
}

TEST_CASE("an upload that gets no slot in time is withdrawn") {
  server_limits limits;
  limits.upload_wait = std::chrono::milliseconds{50};
  api_fixture service{limits};
  const auto image = queued(service);
  accept(service);
  service.world->on_cancel = [&service](const schemas::identity& who, const std::string& id) {
    CHECK(who.project_id == "a");
    service.erase_import(id);
    return caf::error{};
  };
  const auto answer = service.ask("PUT", path_of(image, "file"), project_a + as_octets, "abcd");
  CHECK(answer.status == 503);
  const std::lock_guard guard{service.world->mutex};
  CHECK(service.world->cancelled.size() == 1);
}

TEST_CASE("what a body is pushed into is taken as it comes, chunk by chunk") {
  api_fixture service;
  const auto image = queued(service);
  std::shared_ptr<actors::pushed_body> body;
  std::string taken;
  service.world->on_create = [&](image_import draft) {
    body = service.uploads.find(draft.id);
    draft.status = image_import_status::uploading;
    service.put(draft);
    const auto opened = body->open({});
    CHECK(opened);
    return caf::expected<image_import>{draft};
  };
  raw_client client{service.endpoint()};
  client.send("PUT " + path_of(image, "file") + " HTTP/1.1\r\nHost: h\r\n" + project_a + as_octets +
              "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK(client.read_reply().status == 100);
  client.send("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  while (!body->ended()) {
    std::array<std::byte, 16> bytes{};
    const auto count = body->take(bytes);
    for (std::size_t index = 0; index < count; ++index)
      taken += static_cast<char>(bytes[index]);
  }
  CHECK(taken == "abcde");
  auto record = only_draft(service);
  record.status = image_import_status::success;
  record.expires_at = record.created_at;
  record.facts.emplace();
  service.put(record);
  CHECK(client.read_reply().status == 204);
  CHECK(client.ask("GET", "/healthcheck").status == 200);
}

TEST_CASE("who may not fill an image learns no more than it may see") {
  api_fixture service;
  accept(service);
  auto image = queued(service);
  const auto statuses = [&](const std::string& who) {
    return std::vector<int>{service.ask("PUT", path_of(image, "file"), who + as_octets, "abcd").status,
                            service.ask("PUT", path_of(image, "stage"), who + as_octets, "abcd").status,
                            service.ask("POST", path_of(image, "import"), who + as_json, web_download).status};
  };
  CHECK(statuses(project_b) == std::vector<int>{403, 403, 403});
  CHECK(service.ask("GET", path_of(image, "tasks"), project_b).status == 200);
  image.properties.visibility = "private";
  service.put(image);
  CHECK(statuses(project_b) == std::vector<int>{404, 404, 404});
  CHECK(service.ask("GET", path_of(image, "tasks"), project_b).status == 404);
  CHECK(statuses("X-Identity-Status: Invalid\r\n") == std::vector<int>{401, 401, 401});
  CHECK(statuses("X-Identity-Status: Confirmed\r\nX-Project-Id: a\r\nX-Roles: reader\r\n") ==
        std::vector<int>{403, 403, 403});
  CHECK(service.world->drafts.empty());
}

TEST_CASE("POST import hands the engine what was asked, and is answered 202 without a body") {
  api_fixture service;
  const auto image = queued(service);
  accept(service);
  const auto answer = service.ask("POST", path_of(image, "import"), project_a + as_json, web_download);
  CHECK(answer.status == 202);
  CHECK(answer.body.empty());
  const auto draft = only_draft(service);
  CHECK(draft.origin == import_origin::interoperable);
  CHECK(draft.image_id == image.id);
  CHECK(draft.request.location == "https://example.org/a?k=s");
  CHECK(draft.request.properties == image.properties);
  CHECK(draft.request_id == answer.field("x-openstack-request-id"));
  CHECK(json::parse(draft.asked)["method"]["uri"] == "https://example.org/a");
  const auto tasks = json::parse(service.ask("GET", path_of(image, "tasks")).body).at("tasks");
  REQUIRE(tasks.size() == 1);
  CHECK(tasks[0]["input"]["import_req"]["method"]["name"] == "web-download");
  CHECK(json::parse(service.ask("GET", path_of(image, "tasks"), project_b).body).at("tasks").empty());
  CHECK(json::parse(service.ask("GET", path_of(image, "tasks"), administrator).body).at("tasks").size() == 1);
}

TEST_CASE("glance-direct releases what is staged") {
  api_fixture service;
  auto image = queued(service);
  image.status = schemas::image_status::uploading;
  service.put(image);
  service.world->on_release = [](const image_import& wish) { return caf::expected<image_import>{wish}; };
  const std::string direct = R"({"method": {"name": "glance-direct"}})";
  CHECK(service.ask("POST", path_of(image, "import"), project_a + as_json, direct).status == 202);
  {
    const std::lock_guard guard{service.world->mutex};
    REQUIRE(service.world->wishes.size() == 1);
    CHECK(service.world->wishes[0].image_id == image.id);
    CHECK(service.world->wishes[0].origin == import_origin::interoperable);
  }
  service.world->on_release = [](const image_import&) {
    return caf::expected<image_import>{actors::to_error(schemas::failure{error_code::conflict, "Nothing is staged."})};
  };
  CHECK(service.ask("POST", path_of(image, "import"), project_a + as_json, direct).status == 409);
}

TEST_CASE("an image that an import holds is not imported into") {
  api_fixture service;
  auto image = queued(service);
  accept(service);
  image.properties.extra[std::string{schemas::import_marks::task}] = id_of(7);
  service.put(image);
  CHECK(service.ask("POST", path_of(image, "import"), project_a + as_json, web_download).status == 409);
  image.properties.extra.erase(std::string{schemas::import_marks::task});
  image.status = schemas::image_status::importing;
  service.put(image);
  CHECK(service.ask("POST", path_of(image, "import"), project_a + as_json, web_download).status == 409);
  CHECK(service.world->drafts.empty());
}

TEST_CASE("a task is an import in other words, also when it was asked for otherwise") {
  api_fixture service;
  accept(service);
  const std::string body = R"({"type": "import", "input": {"import_from": "https://example.org/a?k=s",
                              "import_from_format": "qcow2", "image_properties": {"name": "n"}}})";
  const auto answer = service.ask("POST", "/v2/tasks", project_a + as_json, body);
  REQUIRE(answer.status == 201);
  CHECK(answer.field("location") == "http://images.example/v2/tasks/" + id_of(900));
  const auto draft = only_draft(service);
  CHECK(draft.origin == import_origin::task);
  CHECK(draft.request.location == "https://example.org/a?k=s");
  CHECK(draft.request.properties.disk_format == "qcow2");
  const auto shown = json::parse(service.ask("GET", "/v2/tasks/" + id_of(900)).body);
  CHECK(shown == json::parse(answer.body));
  CHECK(shown["input"]["import_from"] == "https://example.org/a");
  CHECK(service.ask("GET", "/v2/tasks/" + id_of(900), project_b).status == 404);
  CHECK(service.ask("GET", "/v2/tasks/" + id_of(901)).status == 404);
  CHECK(service.ask("GET", "/v2/image-imports/" + id_of(900)).status == 200);

  service.put_import(5, "a", image_import_status::failure);
  service.put_import(6, "b", image_import_status::failure);
  CHECK(json::parse(service.ask("GET", "/v2/tasks/" + id_of(5)).body)["status"] == "failure");
  CHECK(json::parse(service.ask("GET", "/v2/tasks").body)["tasks"].size() == 2);
  const auto refused = service.ask("DELETE", "/v2/tasks/" + id_of(5), project_a + as_json);
  CHECK(refused.status == 405);
  CHECK(refused.field("allow") == "GET, HEAD");
}

TEST_CASE("tasks are listed in every order, a page at a time, none twice and none left out") {
  api_fixture service;
  constexpr int count = 40;
  for (int number = 1; number <= count; ++number)
    service.put_import(number, "a", static_cast<image_import_status>(number % 5));
  for (const std::string query : {"", "sort_dir=asc&", "sort_key=id&", "sort_key=status&sort_dir=asc&",
                                  "sort_key=updated_at&", "sort_key=expires_at&", "sort_key=type&", "type=import&"}) {
    CAPTURE(query);
    std::vector<std::string> seen;
    std::string next = "/v2/tasks?" + query + "limit=7";
    while (!next.empty()) {
      const auto page = json::parse(service.ask("GET", next).body);
      for (const auto& task : page.at("tasks"))
        seen.push_back(task.at("id"));
      next = page.value("next", "");
    }
    CHECK(seen.size() == count);
    std::ranges::sort(seen);
    CHECK(std::ranges::adjacent_find(seen) == seen.end());
  }
  for (const auto& [status, expected] : std::vector<std::pair<std::string, std::size_t>>{
           {"pending", 8}, {"processing", 16}, {"success", 8}, {"failure", 8}}) {
    const auto page = json::parse(service.ask("GET", "/v2/tasks?limit=1000&status=" + status).body);
    CHECK(page.at("tasks").size() == expected);
    for (const auto& task : page.at("tasks"))
      CHECK(task.at("status") == status);
  }
  const std::vector<std::string> wrong{
      "limit=x",     "marker=x",       "marker=" + id_of(999), "sort_key=colour",
      "sort_dir=up", "status=waiting", "type=export",          "sort_key=id&marker=" + id_of(999)};
  for (const auto& query : wrong) {
    CAPTURE(query);
    CHECK(service.ask("GET", "/v2/tasks?" + query).status == 400);
  }
}

}  // namespace
}  // namespace sluice::http
