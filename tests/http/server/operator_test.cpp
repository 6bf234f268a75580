// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "http/api/bandwidth_view.hpp"
#include "tests/http/server/api_fixture.hpp"
#include "tests/http/server/exposition_parser.hpp"
#include "tests/schemas/golden.hpp"

using namespace sluice;
using Catch::Matchers::Contains;
using http::api_fixture;
using nlohmann::json;

namespace {

const std::string merge_patch = "Content-Type: application/merge-patch+json\r\n";

actors::bandwidth_report busy_report() {
  actors::bandwidth_report report;
  report.profile = "serve-first";
  report.configured = "serve-first";
  report.link = 1'250'000'000;
  report.capacity = 90 << 20;
  report.allowed = 40 << 20;
  report.import_rate = 39 << 20;
  report.serve_rate = 700 << 20;
  report.in_hand = 2;
  report.holds = 17;
  report.cuts = 3;
  report.limited_by = "serving";
  report.signals = {{"starved", 2.5, 1, "percent", 3}, {"loop_lag", 120, 300, "microseconds", 0}};
  report.classes = {{"serve", 0, 1000, 0, 700 << 20, actors::unlimited_rate},
                    {"import", 65536, 1, 1 << 30, 39 << 20, 40 << 20}};
  report.projects = {{"a", 2, 100 << 20, 39 << 20, 1}, {"b", 1, 0, 0, 0}};
  report.imports = {{http::id_of(1), "a", "images.example.org", 39 << 20, 40 << 20, "serving"},
                    {http::id_of(2), "a", "images.example.org", 0, actors::unlimited_rate, ""}};
  return report;
}

}  // namespace

TEST_CASE("The bandwidth answer is what its golden file says") {
  schemas::bandwidth_configuration configured;
  configured.link = 1'250'000'000;
  configured.import_max = 100 << 20;
  configured.schedule = {{std::chrono::hours{1}, std::chrono::hours{5}, "balanced"}};
  configured.projects = {{"a", {2, 100 << 20}}};
  const auto text = json::parse(http::bandwidth_json(busy_report(), configured)).dump(2) + '\n';
  CHECK(golden("answers/bandwidth.busy.json", text) == text);
}

TEST_CASE("Operators read the bandwidth without an identity, on their port alone") {
  api_fixture fixture;
  fixture.world->report = busy_report();
  const auto given = fixture.ask_operator("GET", "/v1/bandwidth");
  REQUIRE(given.status == 200);
  CHECK(given.field("content-type") == "application/json");
  const auto state = json::parse(given.body);
  CHECK(state.at("limited_by") == "serving");
  CHECK(state.at("allowed") == 40 << 20);
  CHECK(state.at("imports").at(0).at("limited_by") == "serving");
  CHECK(state.at("imports").at(1).at("allowed").is_null());
  CHECK(state.at("configuration").at("trickle") == "64KiB/s");

  for (const auto* const path : {"/v1/bandwidth", "/metrics"}) {
    CHECK(fixture.ask("GET", path).status == 404);
    CHECK(fixture.ask("GET", path, http::administrator).status == 404);
    CHECK(fixture.ask("PATCH", path, http::administrator + merge_patch, "{}").status == 404);
  }
  CHECK(fixture.ask_operator("GET", "/v2/image-imports").status == 404);
  CHECK(fixture.ask_operator("GET", "/v2/images").status == 404);
  CHECK(fixture.ask_operator("GET", "/v2/schemas/bandwidth").status == 200);
}

TEST_CASE("A patch is in force when it is answered, and the answer is the new state") {
  api_fixture fixture;
  const auto given =
      fixture.ask_operator("PATCH", "/v1/bandwidth", merge_patch, R"({"link": "10Gbit/s", "profile": "balanced"})");
  REQUIRE(given.status == 200);
  const auto state = json::parse(given.body);
  CHECK(state.at("link") == 1'250'000'000);  // what the supervisor reports, not what was asked for
  CHECK(state.at("profile") == "balanced");
  CHECK(state.at("configuration").at("link") == "10Gbit/s");
  CHECK(state.at("rates").at("link") == 1'250'000'000);
  CHECK(json::parse(fixture.ask_operator("GET", "/v1/bandwidth").body) == state);

  const auto next = fixture.ask_operator("PATCH", "/v1/bandwidth", "Content-Type: application/json; charset=utf-8\r\n",
                                         R"({"link": null})");
  REQUIRE(next.status == 200);
  CHECK(json::parse(next.body).at("link").is_null());
  CHECK(json::parse(next.body).at("profile") == "balanced");
}

TEST_CASE("A patch that is refused changes nothing and says where it is wrong") {
  api_fixture fixture;
  struct wrong {
    std::string fields, body;
    int status;
    std::string code, field;
  };
  const std::string plain = "Content-Type: text/plain\r\n";
  for (const auto& row :
       {wrong{merge_patch, R"({"profile": "balanced", "link": "fast"})", 400, "invalid-request", "/link"},
        wrong{merge_patch, R"({"profile": "balanced", "linc": ""})", 400, "unknown-member", "/linc"},
        wrong{merge_patch, R"({"profile": "balanced", "import_max": "1B/s"})", 400, "invalid-request", "/import_max"},
        wrong{merge_patch, R"({"profile": "balanced")", 400, "invalid-json", ""},
        wrong{merge_patch, R"([])", 400, "invalid-request", ""},
        wrong{plain, R"({"profile": "balanced"})", 415, "unsupported-media-type", ""},
        wrong{"", R"({"profile": "balanced"})", 415, "unsupported-media-type", ""}}) {
    INFO(row.body);
    const auto given = fixture.ask_operator("PATCH", "/v1/bandwidth", row.fields, row.body);
    CHECK(given.status == row.status);
    CHECK(given.field("content-type") == "application/problem+json");
    const auto problem = json::parse(given.body);
    CHECK(problem.at("code") == row.code);
    CHECK(problem.value("field", "") == row.field);
  }
  CHECK(fixture.live.current().bandwidth == schemas::bandwidth_configuration{});
  CHECK(fixture.world->configured == 0);
  const auto other = fixture.ask_operator("DELETE", "/v1/bandwidth");
  CHECK(other.status == 405);
  CHECK(other.field("allow") == "GET, HEAD, PATCH");
}

TEST_CASE("The configuration read again takes the place of patches") {
  api_fixture fixture;
  REQUIRE(fixture.ask_operator("PATCH", "/v1/bandwidth", merge_patch, R"({"profile": "balanced"})").status == 200);
  schemas::configuration fresh;
  fresh.bandwidth.link = 1'000'000;
  fresh.http.public_endpoint = "https://other.example";
  CHECK(fixture.live.replace(fresh) == std::vector<std::string>{"http"});
  const auto state = json::parse(fixture.ask_operator("GET", "/v1/bandwidth").body);
  CHECK(state.at("profile") == "serve-first");
  CHECK(state.at("link") == 1'000'000);
}

TEST_CASE("The metrics are the text format of Prometheus, and move with what happens") {
  api_fixture fixture;
  fixture.world->report = busy_report();
  const auto scrape = [&fixture] {
    const auto given = fixture.ask_operator("GET", "/metrics");
    REQUIRE(given.status == 200);
    CHECK(given.field("content-type") == "text/plain; version=0.0.4; charset=utf-8");
    return http::exposition_parser{given.body};
  };
  const auto before = scrape();
  CHECK(before.at("sluice_bandwidth_holds_total") == 17);
  CHECK(before.at("sluice_bandwidth_limited{by=\"serving\"}") == 1);
  CHECK(before.at("sluice_serving_signal{signal=\"starved\",unit=\"percent\"}") == 2.5);
  CHECK(before.at("sluice_bandwidth_class_rate_bytes_per_second{class=\"serve\"}") == 700 << 20);
  CHECK(std::isinf(before.at("sluice_bandwidth_class_allowed_bytes_per_second{class=\"serve\"}")));
  CHECK(before.at("sluice_imports_ended_total{outcome=\"failure\",code=\"not-an-image\"}") == 0);
  CHECK(before.at("process_resident_memory_bytes") > 1 << 20);
  CHECK(before.at("process_open_fds") > 3);
  CHECK(before.at("process_start_time_seconds") > 1.6e9);

  fixture.put_image(1, "a", "bytes of an image");
  REQUIRE(fixture.ask("GET", "/v2/images/" + http::id_of(1) + "/file").status == 200);
  REQUIRE(fixture.ask("GET", "/v2/images").status == 200);
  REQUIRE(fixture.ask("GET", "/v2/image-imports/" + http::id_of(9)).status == 404);
  fixture.metrics.import_ended(schemas::error_code::not_an_image);
  fixture.metrics.phase_ended(schemas::image_import_status::uploading, actors::phase_end::failed,
                              std::chrono::milliseconds{40});
  fixture.metrics.committed(std::chrono::milliseconds{2}, 3, 1);
  const auto after = scrape();
  const auto moved = [&](const std::string& series) { return after.at(series) - before.at(series); };
  CHECK(moved("sluice_http_requests_total{class=\"file\",status=\"2xx\"}") == 1);
  CHECK(moved("sluice_http_requests_total{class=\"metadata\",status=\"2xx\"}") == 1);
  CHECK(moved("sluice_http_requests_total{class=\"import\",status=\"4xx\"}") == 1);
  CHECK(moved("sluice_http_answer_seconds_count{class=\"file\"}") == 1);
  CHECK(moved("sluice_imports_ended_total{outcome=\"failure\",code=\"not-an-image\"}") == 1);
  CHECK(moved("sluice_import_phase_seconds_bucket{phase=\"uploading\",outcome=\"failed\",le=\"0.05\"}") == 1);
  CHECK(moved("sluice_import_phase_seconds_bucket{phase=\"uploading\",outcome=\"failed\",le=\"0.01\"}") == 0);
  CHECK(moved("sluice_import_phase_seconds_sum{phase=\"uploading\",outcome=\"failed\"}") == Approx(0.04));
  CHECK(moved("sluice_record_commit_changes_sum") == 3);
  CHECK(moved("sluice_record_changes_refused_total") == 1);
  CHECK(after.samples().size() == before.samples().size());  // nothing that happens makes new series
}

TEST_CASE("The metrics are there, less the bandwidth, when its supervisor is gone") {
  api_fixture fixture;
  caf::anon_send_exit(fixture.bandwidth, caf::exit_reason::kill);
  const auto given = fixture.ask_operator("GET", "/metrics");
  REQUIRE(given.status == 200);
  const http::exposition_parser read{given.body};
  CHECK(read.has("process_open_fds"));
  CHECK_FALSE(read.has("sluice_bandwidth_holds_total"));
}

TEST_CASE("The operators' health check says which part fails; the API's stays the word OK") {
  api_fixture fixture;
  const auto well = fixture.ask_operator("GET", "/healthcheck");
  CHECK(well.status == 200);
  CHECK(json::parse(well.body).at("status") == "ok");
  CHECK(json::parse(well.body).at("store_free_bytes") > 0);

  fixture.metrics.committed(std::chrono::milliseconds{1}, 2, 2);
  const auto broken = fixture.ask_operator("GET", "/healthcheck");
  CHECK(broken.status == 503);
  CHECK(json::parse(broken.body).at("records_writable") == false);
  CHECK(fixture.ask("GET", "/healthcheck", "").body == "OK");

  fixture.metrics.committed(std::chrono::milliseconds{1}, 1, 0);
  caf::anon_send_exit(fixture.keeper, caf::exit_reason::kill);
  const auto dead = fixture.ask_operator("GET", "/healthcheck");
  CHECK(dead.status == 503);
  CHECK(json::parse(dead.body).at("supervisors").at("record-keeper") == false);
}
