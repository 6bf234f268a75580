// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "http/api/reverification_view.hpp"
#include "tests/http/server/api_fixture.hpp"
#include "tests/schemas/golden.hpp"

using namespace sluice;
using http::api_fixture;
using nlohmann::json;

namespace {

constexpr const char* resource = "/v1/reverification";
const std::string sent_as_json = "Content-Type: application/json\r\n";

actors::reverification_report busy_reverification() {
  actors::reverification_report report;
  report.state = actors::reverification_state::running;
  report.started_at = 1'368'976'796'000'000;
  report.images = 1200;
  report.sound = 430;
  report.damaged = 1;
  report.bytes = 912'680'550'400;
  report.current = http::id_of(1);
  report.findings.emplace_back();
  report.findings[0].image_id = http::id_of(2);
  report.findings[0].as = actors::examined_as::damaged;
  report.findings[0].message = "The bytes are\nothers.";
  report.findings[0].found_at = 1'368'976'799'000'000;
  return report;
}

}  // namespace

TEST_CASE("The report of looking again is what its golden file says") {
  const auto text = json::parse(http::reverification_json(busy_reverification())).dump(2) + '\n';
  CHECK(golden("answers/reverification.busy.json", text) == text);
  const auto idle = json::parse(http::reverification_json({}));
  CHECK(idle["state"] == "idle");
  CHECK_FALSE(idle.contains("progress"));
}

TEST_CASE("Operators have images looked at again on their port alone, all or one, and end it") {
  api_fixture fixture;
  CHECK(fixture.ask("GET", resource, "X-Identity-Status: Confirmed\r\nX-Project-Id: a\r\n").status == 404);
  CHECK(json::parse(fixture.ask_operator("GET", resource).body)["state"] == "idle");
  const auto begun = fixture.ask_operator("POST", resource);
  CHECK(begun.status == 202);
  CHECK(json::parse(begun.body)["state"] == "running");
  CHECK(fixture.ask_operator("POST", resource).status == 409);
  CHECK(json::parse(fixture.ask_operator("DELETE", resource).body)["state"] == "cancelled");
  CHECK(fixture.ask_operator("POST", resource, sent_as_json, "{\"image\": \"" + http::id_of(3) + "\"}").status == 202);
  CHECK(fixture.world->reverifications == std::vector<std::string>{"", http::id_of(3)});
}

TEST_CASE("What cannot be looked at is refused with the member at fault") {
  api_fixture fixture;
  CHECK(fixture.ask_operator("POST", resource, sent_as_json, "{\"image\": 1}").status == 400);
  CHECK(json::parse(fixture.ask_operator("POST", resource, sent_as_json, "{\"image\": 1}").body)["field"] == "/image");
  CHECK(fixture.ask_operator("POST", resource, sent_as_json, "{\"images\": []}").status == 400);
  CHECK(fixture.ask_operator("POST", resource, sent_as_json, "{").status == 400);
  CHECK(fixture.ask_operator("POST", resource, "Content-Type: text/plain\r\n", "{}").status == 415);
  CHECK(fixture.ask_operator("PATCH", resource, sent_as_json, "{}").status == 405);
  CHECK(fixture.world->reverifications.empty());
}
