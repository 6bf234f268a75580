// SPDX-License-Identifier: Apache-2.0
#include "schemas/bandwidth_patch.hpp"

#include <fstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "schemas/configuration.hpp"
#include "schemas/units.hpp"

using namespace sluice::schemas;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

/// No key at its default.
configuration unlike_the_defaults() {
  configuration configured;
  auto& bandwidth = configured.bandwidth;
  bandwidth.profile = "balanced";
  bandwidth.link = 1'250'000'000;
  bandwidth.import_max = 300 << 20;
  bandwidth.per_project_max = 200 << 20;
  bandwidth.per_import_max = 123'457;
  bandwidth.per_source_host_max = 50'000'000;
  bandwidth.export_max = 1 << 20;
  bandwidth.trickle = 32 << 10;
  bandwidth.serve_target = 1500us;
  bandwidth.starved_percent = 2.5;
  bandwidth.in_flight = 20ms;
  bandwidth.gate_block = 64 << 10;
  bandwidth.schedule = {{22h, 6h, "import-first"}, {12h + 5min, 13h, "balanced"}};
  bandwidth.projects = {{"a.b", {2.0, 100 << 20}}, {"c/d~e", {0.5, 0}}};
  REQUIRE(validate(configured));
  return configured;
}

failure refusal(const configuration& current, std::string_view patch) {
  const auto patched = patch_bandwidth(current, patch);
  INFO(patch);
  REQUIRE_FALSE(patched);
  return patched.error();
}

}  // namespace

TEST_CASE("The JSON of [bandwidth] holds every key of the file, and reads back as the same configuration") {
  const auto configured = unlike_the_defaults();
  const auto text = to_json(configured.bandwidth);
  const auto document = json::parse(text);
  for (const auto& key : known_configuration_keys()) {
    if (!key.starts_with("bandwidth."))
      continue;
    auto name = key.substr(key.find('.') + 1);
    name = name.substr(0, name.find('.'));
    INFO(name);
    CHECK(document.contains(name));
  }
  CHECK(document.at("link") == "10Gbit/s");
  CHECK(document.at("import_max") == "300MiB/s");
  CHECK(document.at("per_import_max") == "123457B/s");
  CHECK(document.at("serve_target") == "1500us");
  CHECK(document.at("schedule").at(1).at("from") == "12:05");

  const auto read = patch_bandwidth(configuration{}, text);
  REQUIRE(read);
  CHECK(*read == configured.bandwidth);
}

TEST_CASE("A patch changes the members it names and leaves the others") {
  const auto current = unlike_the_defaults();
  const auto patched = patch_bandwidth(
      current,
      R"({"import_max": "50MiB/s", "starved_percent": 3, "projects": {"c/d~e": {"max": "9MiB/s"}, "new": {}}})");
  REQUIRE(patched);
  auto expected = current.bandwidth;
  expected.import_max = 50 << 20;
  expected.starved_percent = 3;
  expected.projects["c/d~e"].max = 9 << 20;
  expected.projects["new"] = {};
  CHECK(*patched == expected);
  CHECK(patch_bandwidth(current, "{}") == current.bandwidth);
}

TEST_CASE("Null puts a key back to its default, and takes a project's override away") {
  const auto current = unlike_the_defaults();
  const auto patched =
      patch_bandwidth(current, R"({"link": null, "profile": null, "schedule": null, "projects": {"a.b": null}})");
  REQUIRE(patched);
  auto expected = current.bandwidth;
  expected.link = 0;
  expected.profile = "serve-first";
  expected.schedule.clear();
  expected.projects.erase("a.b");
  CHECK(*patched == expected);

  auto all = json::object();
  const auto document = json::parse(to_json(current.bandwidth));
  for (const auto& member : document.items())
    all[member.key()] = nullptr;
  CHECK(patch_bandwidth(current, all.dump()) == bandwidth_configuration{});
}

TEST_CASE("An array takes the place of the whole array") {
  const auto patched = patch_bandwidth(unlike_the_defaults(),
                                       R"({"schedule": [{"from": "01:00", "to": "02:00", "profile": "custom"}]})");
  REQUIRE(patched);
  REQUIRE(patched->schedule.size() == 1);
  CHECK(patched->schedule.at(0).profile == "custom");
}

TEST_CASE("A wrong patch is refused with a pointer to the member and what was expected and came") {
  const auto current = unlike_the_defaults();
  struct wrong {
    std::string_view patch, field, words;
  };
  for (const auto& [patch, field, words] : {
           wrong{R"({"link": 5})", "/link", "link: expected a rate with a unit"},
           {R"({"link": "10 parsecs"})", "/link", "10 parsecs"},
           {R"({"link": true})", "/link", "the boolean true"},
           {R"({"link": {"a": null}})", "/link", "a value of type table"},
           {R"({"import_max": "1KiB/s"})", "/import_max", "import_max: expected at least bandwidth.trickle"},
           {R"({"trickle": "0"})", "/trickle", "more than zero"},
           {R"({"trickle": "400MiB/s"})", "/import_max", "\"400MiB/s\""},
           {R"({"serve_target": "fast"})", "/serve_target", "expected a time"},
           {R"({"starved_percent": "1"})", "/starved_percent", "expected a number"},
           {R"({"starved_percent": 101})", "/starved_percent", "percentage"},
           {R"({"starved_percent": 1e999})", "/starved_percent", "range of a double"},
           {R"({"gate_block": "5KiB"})", "/gate_block", "multiple of 4KiB"},
           {R"({"gate_block": 99999999999999999999})", "/gate_block", "gate_block"},
           {R"({"profile": "fast"})", "/profile", "\"fast\""},
           {R"({"schedule": {}})", "/schedule", "array"},
           {R"({"schedule": [null]})", "/schedule/0", "null"},
           {R"({"schedule": [{"from": "01:00", "to": "25:00", "profile": "custom"}]})", "/schedule/0/to", "23:59"},
           {R"({"schedule": [{"from": "01:00", "to": "02:00", "profile": "x"}]})", "/schedule/0/profile", "\"x\""},
           {R"({"schedule": [{"from": "01:00", "to": "03:00", "profile": "custom"},
                             {"from": "02:00", "to": "04:00", "profile": "balanced"}]})",
            "/schedule/1", "02:00 to 04:00"},
           {R"({"projects": []})", "/projects", "table"},
           {R"({"projects": {"a.b": {"weight": 0}}})", "/projects/a.b/weight", "above zero"},
           {R"({"projects": {"c/d~e": {"max": 1}}})", "/projects/c~1d~0e/max", "rate"},
           {R"({"projects": {"p": {"wait": 1}}})", "/projects/p/wait", "weight, max"},
       }) {
    const auto why = refusal(current, patch);
    INFO(why.message);
    CHECK(why.code == error_code::invalid_request);
    CHECK(why.field == field);
    CHECK_THAT(why.message, Contains(std::string{words}));
  }
}

TEST_CASE("A patch with an unknown member, or that is no object, is refused") {
  const configuration current;
  const auto unknown = refusal(current, R"({"imports": 1})");
  CHECK(unknown.code == error_code::unknown_member);
  CHECK(unknown.field == "/imports");
  CHECK_THAT(unknown.message, Contains("import_max"));
  CHECK(refusal(current, R"({"lin\u006b": 1, "link": ""})").code == error_code::invalid_json);
  CHECK(refusal(current, "").code == error_code::invalid_json);
  CHECK(refusal(current, "[]").code == error_code::invalid_request);
  CHECK(refusal(current, "null").code == error_code::invalid_json);
  const std::string spaces(70'000, ' ');
  CHECK(refusal(current, spaces).code == error_code::payload_too_large);
}

TEST_CASE("What is spelled reads as the same quantity") {
  for (const std::uint64_t each : {1ULL, 999ULL, 1000ULL, 1024ULL, 65536ULL, 125'000ULL, 1'250'000'000ULL,
                                   (1ULL << 40) + 1, 9'223'372'036'854'775'807ULL}) {
    CHECK(parse_size(spell_size(each)) == each);
    CHECK(parse_rate(spell_rate(each)) == each);
  }
  CHECK(spell_rate(0).empty());
  CHECK(spell_size(0) == "0B");
  CHECK(spell_rate(12'500'000) == "100Mbit/s");
  CHECK(spell_rate(64 << 10) == "64KiB/s");
  CHECK(spell_duration(300us) == "300us");
  CHECK(spell_duration(48h) == "2d");
  CHECK(spell_clock(5h + 7min) == "05:07");
}

TEST_CASE("The published schema of a patch and our reader agree") {
  std::ifstream stream{SLUICE_SOURCE_DIR "/tests/schemas/golden/patches.json"};
  const auto patches = json::parse(stream);
  for (const auto& each : patches.at("accepted")) {
    INFO(each.dump());
    CHECK(patch_bandwidth(configuration{}, each.dump()));
  }
  for (const auto& each : patches.at("refused")) {
    INFO(each.dump());
    CHECK_FALSE(patch_bandwidth(configuration{}, each.dump()));
  }
}
