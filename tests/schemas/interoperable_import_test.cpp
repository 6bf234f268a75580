// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "schemas/interoperable_import.hpp"

using namespace sluice::schemas;
using nlohmann::json;

namespace {

result<interoperable_import> parsed(const std::string& body, std::string_view store = {}) {
  return parse_interoperable_import(body, store, sources_configuration{});
}

}  // namespace

TEST_CASE("the methods of import are read with what belongs to them") {
  const auto web =
      parsed(R"({"method": {"name": "web-download", "uri": "https://example.org/a?sig=secret"}, "all_stores": true})");
  REQUIRE(web);
  CHECK(web->method == import_method::web_download);
  CHECK(web->location == "https://example.org/a?sig=secret");
  CHECK(web->all_stores);
  CHECK(json::parse(web->asked) ==
        json::parse(R"({"method": {"name": "web-download", "uri": "https://example.org/a"}, "all_stores": true})"));

  const auto direct =
      parsed(R"({"method": {"name": "glance-direct"}, "stores": ["default"], "all_stores_must_succeed": true})");
  REQUIRE(direct);
  CHECK(direct->method == import_method::glance_direct);
  CHECK(direct->location.empty());
  CHECK(parsed(R"({"method": {"name": "copy-image"}})")->method == import_method::copy_image);
  CHECK(parsed(R"({"method": {"name": "glance-direct"}})", "default"));
  const auto remote = parsed(R"({"method": {"name": "glance-download", "glance_region": "two",
      "glance_image_id": "36d4b546-64a2-4bb9-bdd0-ba676aa48f2c", "glance_service_interface": "internal"}})");
  REQUIRE(remote);
  CHECK(remote->method == import_method::glance_download);
  CHECK(remote->remote.image_id == "36d4b546-64a2-4bb9-bdd0-ba676aa48f2c");
  CHECK(remote->remote.region == "two");
  CHECK(remote->remote.interface == "internal");
  CHECK(parsed(R"({"method": {"name": "glance-download", "glance_region": "two",
      "glance_image_id": "36d4b546-64a2-4bb9-bdd0-ba676aa48f2c"}})")
            ->remote.interface == "public");
  for (const auto method : {import_method::glance_direct, import_method::web_download, import_method::glance_download,
                            import_method::copy_image})
    CHECK(to_string(method) != "unknown");
}

TEST_CASE("a request for an import that makes no sense is refused with the status that clients expect") {
  struct row {
    const char* body;
    const char* store;
    error_code code;
  };
  const auto bad = error_code::invalid_request;
  for (const auto& [body, store, code] : {
           row{"{", "", error_code::invalid_json},
           row{"[]", "", bad},
           row{"{}", "", bad},
           row{R"({"method": "web-download"})", "", bad},
           row{R"({"method": {}})", "", bad},
           row{R"({"method": {"name": 1}})", "", bad},
           row{R"({"method": {"name": "pigeon"}})", "", bad},
           row{R"({"method": {"name": "web-download"}})", "", bad},
           row{R"({"method": {"name": "web-download", "uri": 1}})", "", bad},
           row{R"({"method": {"name": "web-download", "uri": "file:///x"}})", "", error_code::scheme_not_allowed},
           row{R"({"method": {"name": "web-download", "uri": "http://127.1/x"}})", "", error_code::invalid_location},
           row{R"({"method": {"name": "glance-download", "glance_region": "r"}})", "", bad},
           row{R"({"method": {"name": "glance-download", "glance_region": "r", "glance_image_id": "foo"}})", "", bad},
           row{R"({"method": {"name": "glance-download", "glance_image_id": "36d4b546-64a2-4bb9-bdd0-ba676aa48f2c"}})",
               "", bad},
           row{R"({"method": {"name": "glance-direct"}, "stores": ["ceph"]})", "", error_code::conflict},
           row{R"({"method": {"name": "glance-direct"}, "stores": []})", "", bad},
           row{R"({"method": {"name": "glance-direct"}, "stores": [1]})", "", bad},
           row{R"({"method": {"name": "glance-direct"}, "stores": "default"})", "", bad},
           row{R"({"method": {"name": "glance-direct"}, "all_stores": 1})", "", bad},
           row{R"({"method": {"name": "glance-direct"}, "all_stores_must_succeed": "no"})", "", bad},
           row{R"({"method": {"name": "glance-direct"}, "all_stores": true, "stores": ["default"]})", "", bad},
           row{R"({"method": {"name": "glance-direct"}, "all_stores": true})", "default", bad},
           row{R"({"method": {"name": "glance-direct"}, "stores": ["default"]})", "default", bad},
           row{R"({"method": {"name": "glance-direct"}})", "ceph", error_code::conflict},
       }) {
    CAPTURE(body, store);
    const auto read = parsed(body, store);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == code);
  }
}
