// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <thread>

#include <nlohmann/json.hpp>

#include "tests/http/server/api_fixture.hpp"

namespace sluice::http {
namespace {

using nlohmann::json;
using schemas::image_import_status;

const std::string json_type = "Content-Type: application/json\r\n";
const std::string body = R"({"location":"https://example.org/disk.qcow2","image_properties":{"name":"n"}})";

/// What a stranger may learn: everything but the id of the request, the id asked for, and the clock.
std::string comparable(const reply& answer, const std::string& asked_id) {
  std::string text = std::to_string(answer.status);
  for (const auto& [name, value] : answer.fields)
    if (name != "x-openstack-request-id" && name != "date")
      text += "\n" + name + ": " + value;
  text += "\n" + answer.body;
  for (auto found = text.find(asked_id); found != std::string::npos; found = text.find(asked_id))
    text.replace(found, asked_id.size(), "ID");
  return text;
}

TEST_CASE("a created import is answered 201 with its absolute location and its record") {
  api_fixture service;
  service.world->on_create = [](schemas::image_import draft) {
    draft.id = id_of(1);
    draft.image_id = id_of(2);
    return caf::expected<schemas::image_import>{std::move(draft)};
  };
  raw_client client{service.endpoint()};
  const auto answer = client.ask("POST", "/v2/image-imports", project_a + "X-User-Id: u\r\n" + json_type, body);
  REQUIRE(answer.status == 201);
  CHECK(answer.field("location") == "http://images.example/v2/image-imports/" + id_of(1));
  CHECK(answer.field("content-type") == "application/json");
  const auto record = json::parse(answer.body);
  CHECK(record.at("id") == id_of(1));
  CHECK(record.at("status") == "waiting");
  CHECK(record.at("progress").at("limited_by") == "queue");
  REQUIRE(service.world->drafts.size() == 1);
  CHECK(service.world->drafts.front().project_id == "a");
  CHECK(service.world->drafts.front().user_id == "u");
  CHECK(service.world->drafts.front().request.location == "https://example.org/disk.qcow2");
}

TEST_CASE("a bad creation is refused before any actor hears of it") {
  api_fixture service;
  CHECK(service.ask("POST", "/v2/image-imports", project_a, body).status == 415);
  CHECK(service.ask("POST", "/v2/image-imports", project_a + "Content-Type: text/plain\r\n", body).status == 415);
  CHECK(service.ask("POST", "/v2/image-imports", project_a + "Content-Type: application/json; charset=latin1\r\n", body)
            .status == 415);
  const auto refused = service.ask("POST", "/v2/image-imports", project_a + json_type, R"({"image_properties":{}})");
  CHECK(refused.status == 400);
  CHECK(refused.field("content-type") == "application/problem+json");
  CHECK(service.ask("POST", "/v2/image-imports", project_a + json_type, "[").status == 400);
  CHECK(service.world->drafts.empty());
}

TEST_CASE("a full queue is 429 and a stopping service 503, both with Retry-After") {
  api_fixture service;
  const auto answer_to = [&](schemas::error_code code) {
    service.world->on_create = [code](const schemas::image_import&) -> caf::expected<schemas::image_import> {
      return actors::to_error(schemas::failure{code, "Words."});
    };
    return service.ask("POST", "/v2/image-imports", project_a + "Content-Type: application/json; charset=UTF-8\r\n",
                       body);
  };
  const auto full = answer_to(schemas::error_code::too_many_imports);
  CHECK(full.status == 429);
  CHECK_FALSE(full.field("retry-after").empty());
  CHECK(json::parse(full.body).at("detail") == "Words.");
  CHECK(answer_to(schemas::error_code::service_stopping).status == 503);
  CHECK_FALSE(answer_to(schemas::error_code::overloaded).field("retry-after").empty());
}

TEST_CASE("a live import shows its place in the queue, then its progress") {
  api_fixture service;
  auto record = service.put_import(1, "a");
  auto shown = json::parse(service.ask("GET", "/v2/image-imports/" + record.id).body).at("progress");
  CHECK(shown.at("phase") == "waiting");
  CHECK(shown.at("queue_position") == 3);
  record.status = image_import_status::uploading;
  service.put(record);
  const auto live = service.progress.add(record.id);
  live->phase = actors::import_phase::fetching;
  live->limited_by = actors::import_limit::source;
  live->bytes = 250;
  live->total = 1000;
  live->rate = 100;
  shown = json::parse(service.ask("GET", "/v2/image-imports/" + record.id).body).at("progress");
  CHECK(shown.at("phase") == "fetching");
  CHECK(shown.at("bytes") == 250);
  CHECK(shown.at("total") == 1000);
  CHECK(shown.at("rate") == 100);
  CHECK(shown.at("eta") == 8);
  CHECK(shown.at("limited_by") == "source");
  CHECK_FALSE(shown.contains("queue_position"));
}

TEST_CASE("another project's import is word for word as absent as one that never was") {
  api_fixture service;
  const auto foreign = service.put_import(1, "b", image_import_status::success).id;
  const auto absent = id_of(99);
  for (const std::string method : {"GET", "DELETE"})
    for (const std::string extra :
         {"", "Prefer: wait=5\r\n", "Accept: text/event-stream\r\n", "Accept: text/html\r\n"}) {
      const auto of_other = service.ask(method, "/v2/image-imports/" + foreign, project_a + extra);
      const auto of_none = service.ask(method, "/v2/image-imports/" + absent, project_a + extra);
      CHECK(of_other.status == 404);
      CHECK(comparable(of_other, foreign) == comparable(of_none, absent));
    }
  CHECK(service.world->cancelled.empty());
  CHECK(json::parse(service.ask("GET", "/v2/image-imports").body).at("image_imports").empty());
  CHECK(service.ask("GET", "/v2/image-imports?marker=" + foreign).status == 400);
  CHECK(service.ask("GET", "/v2/image-imports/not-a-uuid").status == 404);
  CHECK(service.ask("GET", "/v2/image-imports/" + foreign, project_b).status == 200);
  CHECK(service.ask("GET", "/v2/image-imports/" + foreign, administrator).status == 200);
}

TEST_CASE("a listing is paged by relative links that repeat the query") {
  api_fixture service;
  for (int i = 1; i <= 5; ++i)
    service.put_import(i, "a", i % 2 ? image_import_status::success : image_import_status::waiting);
  service.put_import(6, "b");
  std::vector<std::string> seen;
  std::string next = "/v2/image-imports?limit=2&sort_dir=asc";
  while (!next.empty()) {
    const auto answer = service.ask("GET", next);
    REQUIRE(answer.status == 200);
    const auto page = json::parse(answer.body);
    CHECK(page.at("first") == "/v2/image-imports?limit=2&sort_dir=asc");
    CHECK(answer.field("link").find("rel=\"first\"") != std::string::npos);
    CHECK((answer.field("link").find("rel=\"next\"") != std::string::npos) == page.contains("next"));
    for (const auto& each : page.at("image_imports"))
      seen.push_back(each.at("id"));
    next = page.value("next", "");
  }
  CHECK(seen == std::vector<std::string>{id_of(1), id_of(2), id_of(3), id_of(4), id_of(5)});
  CHECK(json::parse(service.ask("GET", "/v2/image-imports?status=success").body).at("image_imports").size() == 3);
  CHECK(json::parse(service.ask("GET", "/v2/image-imports?limit=0").body).at("image_imports").empty());
  for (const auto* const bad : {"colour=red", "limit=x", "limit=-1", "limit=1&limit=2", "status=done", "sort_dir=up",
                                "marker=x", "limit=%zz"}) {
    const auto refused = service.ask("GET", std::string{"/v2/image-imports?"} + bad);
    CHECK(refused.status == 400);
    CHECK(refused.field("content-type") == "application/problem+json");
  }
  CHECK(service.ask("GET", "/v2/image-imports?colour=red").body.find("colour") != std::string::npos);
}

TEST_CASE("a deletion is asked of the supervisor and answered 204") {
  api_fixture service;
  const auto id = service.put_import(1, "a").id;
  CHECK(service.ask("DELETE", "/v2/image-imports/" + id).status == 204);
  REQUIRE(service.world->cancelled.size() == 1);
  CHECK(service.world->cancelled.front().second == id);
  CHECK(service.world->cancelled.front().first.project_id == "a");
  service.world->on_cancel = [](const auto&, const auto&) {
    return actors::to_error(schemas::failure{schemas::error_code::not_found, "Gone."});
  };
  const auto gone = service.ask("DELETE", "/v2/image-imports/" + id);
  CHECK(gone.status == 404);
  CHECK(comparable(gone, id) == comparable(service.ask("DELETE", "/v2/image-imports/" + id_of(9)), id_of(9)));
}

TEST_CASE("a held answer comes when the status changes, and at once for a finished import") {
  api_fixture service;
  auto record = service.put_import(1, "a");
  raw_client client{service.endpoint()};
  client.send("GET /v2/image-imports/" + record.id + " HTTP/1.1\r\nHost: h\r\nPrefer: wait=60\r\n" + project_a +
              "\r\n");
  service.world->wait_for_watch();
  record.status = image_import_status::uploading;
  service.put(record);
  service.announce();
  const auto answer = client.read_reply();
  CHECK(json::parse(answer.body).at("status") == "uploading");
  CHECK(answer.field("preference-applied") == "wait=60");
  const auto finished = service.put_import(2, "a", image_import_status::failure);
  CHECK(client.ask("GET", "/v2/image-imports/" + finished.id, project_a + "Prefer: wait=3600\r\n")
            .field("preference-applied") == "wait=60");
}

TEST_CASE("a held answer ends when its time is over, unchanged, and when the import is removed, as absent") {
  server_limits limits;
  limits.longest_wait = std::chrono::milliseconds{50};
  api_fixture service{limits};
  const auto record = service.put_import(1, "a");
  const auto answer = service.ask("GET", "/v2/image-imports/" + record.id, project_a + "Prefer: wait=60\r\n");
  CHECK(answer.status == 200);
  CHECK(json::parse(answer.body).at("status") == "waiting");
}

TEST_CASE("a stream tells every change of status and ends after the last") {
  server_limits limits;
  limits.progress_interval = std::chrono::milliseconds{20};
  limits.keep_alive_interval = std::chrono::milliseconds{40};
  api_fixture service{limits};
  auto record = service.put_import(1, "a");
  raw_client client{service.endpoint()};
  client.send("GET /v2/image-imports/" + record.id + " HTTP/1.1\r\nHost: h\r\nAccept: text/event-stream\r\n" +
              project_a + "\r\n");
  const auto head = client.read_head();
  CHECK(head.find("Content-Type: text/event-stream") != std::string::npos);
  const auto next_event = [&]() -> std::string {
    for (;;) {
      const auto chunk = client.read_chunk();
      if (!chunk)
        return "end";
      if (chunk->starts_with(":"))
        continue;
      const auto data = chunk->find("data: ");
      const auto name = chunk->substr(chunk->find("event: ") + 7);
      const auto text = chunk->substr(data + 6);
      CHECK(text.find('\n') == text.size() - 2);
      return name.substr(0, name.find('\n')) + " " + json::parse(text).at("status").get<std::string>();
    }
  };
  CHECK(next_event() == "status waiting");
  service.world->wait_for_watch();
  record.status = image_import_status::uploading;
  service.put(record);
  service.announce();
  CHECK(next_event() == "status uploading");
  const auto live = service.progress.add(record.id);
  live->phase = actors::import_phase::fetching;
  live->bytes = 4096;
  CHECK(next_event() == "progress uploading");
  auto comment = client.read_chunk();
  CHECK(comment == ": keep-alive\n\n");
  api_fixture::finish(record, image_import_status::failure);
  service.put(record);
  service.announce();
  CHECK(next_event() == "status failure");
  CHECK(next_event() == "end");
}

TEST_CASE("streams are bounded, and a finished import's stream is one event") {
  server_limits limits;
  limits.event_streams = 1;
  api_fixture service{limits};
  const auto live = service.put_import(1, "a").id;
  const auto finished = service.put_import(2, "a", image_import_status::success).id;
  const std::string stream = project_a + "Accept: text/event-stream\r\n";
  const auto whole = service.ask("GET", "/v2/image-imports/" + finished, stream);
  CHECK(whole.body.starts_with("id: 1\nevent: status\ndata: {"));
  raw_client client{service.endpoint()};
  client.send("GET /v2/image-imports/" + live + " HTTP/1.1\r\nHost: h\r\n" + stream + "\r\n");
  CHECK(client.read_head().starts_with("HTTP/1.1 200"));
  const auto refused = service.ask("GET", "/v2/image-imports/" + finished, stream);
  CHECK(refused.status == 503);
}

TEST_CASE("the stop of the service ends streams and held answers at once") {
  api_fixture service;
  const auto id = service.put_import(1, "a").id;
  raw_client stream{service.endpoint()};
  stream.send("GET /v2/image-imports/" + id + " HTTP/1.1\r\nHost: h\r\nAccept: text/event-stream\r\n" + project_a +
              "\r\n");
  CHECK(stream.read_head().starts_with("HTTP/1.1 200"));
  CHECK(stream.read_chunk());
  raw_client held{service.endpoint()};
  held.send("GET /v2/image-imports/" + id + " HTTP/1.1\r\nHost: h\r\nPrefer: wait=60\r\n" + project_a + "\r\n");
  raw_client idle{service.endpoint()};
  CHECK(idle.ask("GET", "/healthcheck").status == 200);
  service.world->wait_for_watch();
  service.api->stop(std::chrono::seconds{60});
  CHECK_FALSE(stream.read_chunk());
  CHECK(idle.closed());
}

}  // namespace
}  // namespace sluice::http
