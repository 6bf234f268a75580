// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "schemas/task.hpp"
#include "tests/schemas/samples.hpp"

using namespace sluice::schemas;
using nlohmann::json;

namespace {

identity member() {
  identity who;
  who.project_id = "project-1";
  who.roles = {"member"};
  return who;
}

result<task_request> parsed(const json& body) {
  return parse_task_request(body.dump(), member(), sources_configuration{});
}

json good() {
  return json::parse(R"({"type": "import", "input": {"import_from": "https://user@example.org/disk?sig=x"}})");
}

image_import into_image(image_import_status status) {
  auto record = samples::import(status);
  record.origin = import_origin::interoperable;
  record.request_id = "req-1";
  record.asked = R"({"method":{"name":"web-download","uri":"https://example.org/disk"},"all_stores":true})";
  return record;
}

}  // namespace

TEST_CASE("every status of an import is one of a task, and names go both ways") {
  CHECK(task_status_of(image_import_status::waiting) == task_status::pending);
  CHECK(task_status_of(image_import_status::uploading) == task_status::processing);
  CHECK(task_status_of(image_import_status::verifying) == task_status::processing);
  CHECK(task_status_of(image_import_status::success) == task_status::success);
  CHECK(task_status_of(image_import_status::failure) == task_status::failure);
  for (const auto status : {task_status::pending, task_status::processing, task_status::success, task_status::failure})
    CHECK(task_status_from(to_string(status)) == status);
  CHECK_FALSE(task_status_from("waiting"));
  for (const auto origin : import_origins)
    CHECK(import_origin_from(to_string(origin)) == origin);
  CHECK_FALSE(import_origin_from(""));
}

TEST_CASE("a task's input becomes an import request; what it shows again has no secret") {
  auto body = good();
  body["input"]["import_from"] = "https://example.org/disk?sig=secret";
  body["input"]["import_from_format"] = "qcow2";
  body["input"]["image_properties"] = {{"name", "x"}, {"min_disk", 3}};
  const auto read = parsed(body);
  REQUIRE(read);
  CHECK(read->wanted.location == "https://example.org/disk?sig=secret");
  CHECK(read->wanted.properties.disk_format == "qcow2");
  CHECK(read->wanted.properties.name == "x");
  CHECK(json::parse(read->input) ==
        json::parse(R"({"import_from": "https://example.org/disk", "import_from_format": "qcow2",
                                                     "image_properties": {"name": "x", "min_disk": 3}})"));
  body["input"]["image_properties"]["disk_format"] = "raw";
  CHECK(parsed(body)->wanted.properties.disk_format == "raw");
  body["input"]["import_from_format"] = "";
  body["status"] = "success";  // the service's to set: not read
  CHECK(parsed(body));
}

TEST_CASE("a task that cannot be run is refused, by member") {
  struct row {
    const char* patch;
    const char* field;
  };
  for (const auto& [patch, field] : {
           row{R"({"type": null})", "/type"},
           row{R"({"type": "export"})", "/type"},
           row{R"({"type": 1})", "/type"},
           row{R"({"input": null})", "/input"},
           row{R"({"input": []})", "/input"},
           row{R"({"input": {"import_from": null}})", "/input/import_from"},
           row{R"({"input": {"import_from": 1}})", "/input/import_from"},
           row{R"({"input": {"import_from": "file:///etc/passwd"}})", "/input/import_from"},
           row{R"({"input": {"import_from": "https://example.org/", "image_properties": []}})",
               "/input/image_properties"},
           row{R"({"input": {"import_from": "https://example.org/", "image_properties": {"min_ram": "x"}}})",
               "/input/image_properties/min_ram"},
           row{R"({"input": {"import_from": "https://example.org/", "import_from_format": "floppy"}})",
               "/input/import_from_format"},
           row{R"({"input": {"import_from": "https://example.org/", "import_from_format": 3}})",
               "/input/import_from_format"},
           row{R"({"input": {"import_from": "https://example.org/", "colour": "red"}})", "/input/colour"},
           row{R"({"colour": "red"})", "/colour"},
       }) {
    CAPTURE(patch);
    auto body = good();
    body["input"]["import_from"] = "https://example.org/";
    const auto change = json::parse(patch);
    for (const auto& [name, value] : change.items())
      if (value.is_null())
        body.erase(name);
      else
        body[name] = value;
    const auto read = parsed(body);
    REQUIRE_FALSE(read);
    CHECK(read.error().field == field);
  }
  CHECK_FALSE(parse_task_request("[]", member(), sources_configuration{}));
  CHECK_FALSE(parse_task_request("{", member(), sources_configuration{}));
}

TEST_CASE("a task shows what it was asked, how it stands, and why it failed") {
  auto record = samples::import(image_import_status::failure);
  record.origin = import_origin::task;
  record.asked = R"({"import_from":"https://example.org/disk"})";
  const auto failed = json::parse(task_json(record));
  CHECK(failed == json::parse(R"({
    "id": "5b1c7f0e-9d0b-4a3c-8e57-0c2a4a3b6d11", "type": "import", "status": "failure", "owner": "project-1",
    "created_at": "2013-05-19T15:19:56Z", "updated_at": "2013-05-19T15:20:56Z", "expires_at": "2013-05-21T15:19:56Z",
    "self": "/v2/tasks/5b1c7f0e-9d0b-4a3c-8e57-0c2a4a3b6d11", "schema": "/v2/schemas/task",
    "input": {"import_from": "https://example.org/disk"}, "result": null,
    "message": "Could not retrieve image. Received 404 response.", "user_id": "user-1"})"));
  const auto done = json::parse(task_json(into_image(image_import_status::success)));
  CHECK(done["type"] == "api_image_import");
  CHECK(done["result"] == json{{"image_id", "71c675ab-d94f-49cd-a114-e12490b328d9"}});
  CHECK(done["message"] == "Copied 0 MiB");
  CHECK(done["request_id"] == "req-1");
  CHECK(done["image_id"] == "71c675ab-d94f-49cd-a114-e12490b328d9");
  CHECK(done["input"]["import_req"]["all_stores"] == true);
}

TEST_CASE("an import of the older dialect is a task without its credentials") {
  const auto shown = json::parse(task_json(samples::import(image_import_status::waiting)));
  CHECK(shown["status"] == "pending");
  CHECK(shown["input"] == json{{"import_from", "https://example.org/disk.qcow2"}, {"import_from_format", "qcow2"}});
  CHECK(shown["message"] == "");
  CHECK_FALSE(shown.contains("expires_at"));
  CHECK_FALSE(shown.contains("image_id"));
}

TEST_CASE("a listing of tasks leaves out what is long; the tasks of an image are rows") {
  const std::vector<image_import> records{into_image(image_import_status::uploading)};
  const auto page = json::parse(tasks_json(records, {"/v2/tasks", "/v2/tasks?marker=x"}));
  REQUIRE(page["tasks"].size() == 1);
  for (const auto* const hidden : {"input", "result", "message"})
    CHECK_FALSE(page["tasks"][0].contains(hidden));
  CHECK(page["next"] == "/v2/tasks?marker=x");
  CHECK(page["schema"] == "/v2/schemas/tasks");
  const auto rows = json::parse(image_tasks_json(records));
  CHECK(rows["tasks"][0]["created_at"] == "2013-05-19T15:19:56.789012");
  CHECK(rows["tasks"][0]["deleted_at"].is_null());
  CHECK(rows["tasks"][0]["expires_at"].is_null());
  CHECK(rows["tasks"][0]["input"]["import_req"]["method"]["name"] == "web-download");
  CHECK(json::parse(image_tasks_json({}))["tasks"].empty());
}
