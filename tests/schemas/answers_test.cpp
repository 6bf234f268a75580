// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "schemas/json.hpp"
#include "schemas/json_object_text.hpp"
#include "tests/schemas/golden.hpp"
#include "tests/schemas/samples.hpp"

using namespace sluice::schemas;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

std::vector<std::string> keys_of(const json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items())
    keys.push_back(key);
  return keys;
}

using keys = std::vector<std::string>;

}  // namespace

TEST_CASE("Times are whole seconds in the forms of Glance and of the blueprint") {
  CHECK(glance_time(samples::moment) == "2013-05-19T15:19:56Z");
  CHECK(blueprint_time(samples::moment + 48h) == "2013-05-21T15:19:56+0000");
  CHECK(glance_time(time_point{}) == "1970-01-01T00:00:00Z");
  CHECK(glance_time(time_point{1us}) == "1970-01-01T00:00:00Z");
  CHECK(glance_time(time_point{-1us}) == "1969-12-31T23:59:59Z");
  CHECK(glance_time(time_point{std::chrono::sys_days{std::chrono::year{2024} / 2 / 29} + 23h + 59min + 59s}) ==
        "2024-02-29T23:59:59Z");
  CHECK(glance_time(time_point{std::chrono::sys_days{std::chrono::year{987} / 6 / 5}}) == "0987-06-05T00:00:00Z");
  CHECK(glance_time(time_point{std::chrono::sys_days{std::chrono::year{12345} / 6 / 7}}) == "9999-06-07T00:00:00Z");
}

TEST_CASE("A live import shows its properties and progress, and never its credentials") {
  auto record = samples::import(image_import_status::uploading);
  const progress_view progress{"fetching", 10, 100, 5, 18, std::nullopt, "source"};
  const auto answer = json::parse(to_json(record, progress));
  CHECK(answer == json::parse(R"({
    "id": "5b1c7f0e-9d0b-4a3c-8e57-0c2a4a3b6d11", "status": "uploading",
    "created_at": "2013-05-19T15:19:56Z", "updated_at": "2013-05-19T15:20:56Z",
    "self": "/v2/image-imports/5b1c7f0e-9d0b-4a3c-8e57-0c2a4a3b6d11", "schema": "/v2/schemas/image-import",
    "location": "https://example.org/disk.qcow2",
    "image_properties": {"name": "Debian", "tags": ["a", "b"], "disk_format": "qcow2", "min_disk": 4, "os_hidden": true,
                         "os_distro": "debian"},
    "progress": {"phase": "fetching", "bytes": 10, "total": 100, "rate": 5, "eta": 18, "limited_by": "source"}})"));
  const auto bare = json::parse(to_json(record, progress_view{"waiting", 0, {}, {}, {}, 3, ""}));
  CHECK(bare["progress"] == json::parse(R"({"phase": "waiting", "bytes": 0, "queue_position": 3})"));
  CHECK_FALSE(json::parse(to_json(record, std::nullopt)).contains("progress"));
}

TEST_CASE("A successful import names its image and drops its properties") {
  const auto answer = json::parse(to_json(samples::import(image_import_status::success), progress_view{}));
  CHECK(keys_of(answer) ==
        keys{"created_at", "expires-by", "id", "image_ref", "location", "schema", "self", "status", "updated_at"});
  CHECK(answer["image_ref"] == "/v2/images/71c675ab-d94f-49cd-a114-e12490b328d9");
  CHECK(answer["expires-by"] == "2013-05-21T15:19:56+0000");
}

TEST_CASE("A failed import says why in words and keeps its properties") {
  auto converted = samples::import(image_import_status::success);
  converted.request.convert_to = "raw";
  converted.facts->converted_from = {"vmdk", 7, "m", "sha512", "h"};
  const auto shown = json::parse(to_json(converted, std::nullopt));
  CHECK(shown["convert_to"] == "raw");
  CHECK(shown["converted_from"] == json::parse(R"({"disk_format": "vmdk", "size": 7, "checksum": "m",
                                                   "os_hash_algo": "sha512", "os_hash_value": "h"})"));
  CHECK(decode_image_import(encode(converted)) == converted);

  const auto answer = json::parse(to_json(samples::import(image_import_status::failure), progress_view{}));
  CHECK(keys_of(answer) == keys{"created_at", "error", "expires-by", "id", "image_properties", "location", "message",
                                "schema", "self", "status", "updated_at"});
  CHECK(answer["message"] == "Could not retrieve image. Received 404 response.");
  CHECK(answer["error"] ==
        json{{"code", "source-status"}, {"retryable", false}, {"hint", describe(error_code::source_status).hint}});
  auto unexplained = samples::import(image_import_status::failure);
  unexplained.why.reset();
  CHECK(json::parse(to_json(unexplained, std::nullopt))["error"]["code"] == "internal-error");
}

TEST_CASE("Text of others is shown without control characters and always as valid UTF-8") {
  auto record = samples::import(image_import_status::failure);
  record.why->message =
      "a\x1b[31m\r\nb\x7f\xc2\x85"
      "c\xff<script>\"";
  record.request.properties.extra["x"] = "\x02y\nz";
  const auto answer = json::parse(to_json(record, std::nullopt));
  CHECK(answer["message"] == "a[31m  bc\xef\xbf\xbd<script>\"");
  CHECK(answer["image_properties"]["x"] == "y\nz");
}

TEST_CASE("A page of imports repeats its query and points to the next page only when there is one") {
  const std::vector<import_with_progress> page{{samples::import(image_import_status::waiting), std::nullopt},
                                               {samples::import(image_import_status::success), std::nullopt}};
  const auto last = json::parse(to_json(page, {"/v2/image-imports?limit=2", std::nullopt}));
  CHECK(keys_of(last) == keys{"first", "image_imports", "schema"});
  CHECK(last["image_imports"].size() == 2);
  CHECK(last["image_imports"][0] == json::parse(to_json(page[0].record, std::nullopt)));
  CHECK(last["schema"] == "/v2/schemas/image-imports");
  const auto full = json::parse(to_json(page, {"/a", "/b"}));
  CHECK(full["first"] == "/a");
  CHECK(full["next"] == "/b");
  CHECK(json::parse(to_json(std::vector<import_with_progress>{}, {"/a", {}}))["image_imports"] == json::array());
}

TEST_CASE("An image answers every field of Glance's, and properties of one's own beside them") {
  CHECK(json::parse(to_json(samples::image())) == json::parse(R"({
    "id": "71c675ab-d94f-49cd-a114-e12490b328d9", "name": "Debian", "status": "active", "visibility": "shared",
    "owner": "project-1", "disk_format": "qcow2", "container_format": "bare", "size": 196616, "virtual_size": 1073741824,
    "checksum": "d41d8cd98f00b204e9800998ecf8427e", "os_hash_algo": "sha512", "os_hash_value": "cf83e1357eefb8bd",
    "min_disk": 4, "min_ram": 0, "protected": false, "os_hidden": true, "tags": ["a", "b"],
    "created_at": "2013-05-19T15:19:56Z", "updated_at": "2013-05-19T15:19:56Z",
    "self": "/v2/images/71c675ab-d94f-49cd-a114-e12490b328d9",
    "file": "/v2/images/71c675ab-d94f-49cd-a114-e12490b328d9/file", "schema": "/v2/schemas/image",
    "stores": "default", "os_distro": "debian"})"));
}

TEST_CASE("An image without name or md5 answers null, and its own properties never cover Glance's") {
  auto record = samples::image();
  record.properties.name.reset();
  record.properties.visibility.reset();
  record.facts->md5.clear();
  record.properties.extra["status"] = "deleted";
  const auto answer = json::parse(to_json(record));
  CHECK(answer["name"].is_null());
  CHECK(answer["checksum"].is_null());
  CHECK(answer["visibility"] == "shared");
  CHECK(answer["status"] == "active");
}

TEST_CASE("A page of images is Glance's") {
  image_page_text text{1};
  text.add(samples::image());
  const auto page = json::parse(std::move(text).finish({"/v2/images", "/v2/images?marker=x"}));
  CHECK(keys_of(page) == keys{"first", "images", "next", "schema"});
  CHECK(page["images"][0] == json::parse(to_json(samples::image())));
  CHECK(page["schema"] == "/v2/schemas/images");
  for (const std::size_t images : {0, 2, 3}) {
    image_page_text more{images};
    for (std::size_t i = 0; i < images; ++i)
      more.add(samples::image());
    const auto written = json::parse(std::move(more).finish({"/v2/images", std::nullopt}));
    CHECK(written["images"].size() == images);
    CHECK_FALSE(written.contains("next"));
  }
}

TEST_CASE("Text is plain when none of its bytes needs escaping, wherever they stand") {
  for (int byte = 0; byte < 256; ++byte)
    for (std::size_t length = 1; length < 20; ++length)
      for (std::size_t at = 0; at < length; ++at) {
        std::string text(length, 'x');
        text[at] = static_cast<char>(byte);
        REQUIRE(is_plain(text) == (byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\'));
      }
  CHECK(is_plain(""));
  for (const char edge : {' ', '!', '#', '[', ']', '~'})
    CHECK(is_plain(std::string(17, edge)));
}

TEST_CASE("A problem holds the members of RFC 9457, the code and the field") {
  const auto problem = json::parse(problem_json({error_code::unknown_member, "Expected\nless.", "/a~1b"}));
  CHECK(problem == json{{"type", "urn:problem-type:sluice:unknown-member"},
                        {"title", "Unknown member"},
                        {"status", 400},
                        {"detail", "Expected less."},
                        {"code", "unknown-member"},
                        {"field", "/a~1b"}});
  CHECK_FALSE(json::parse(problem_json({error_code::not_found, "x"})).contains("field"));
  CHECK(json::parse(problem_json({error_code::not_found, ""}))["detail"] == "Not found");
  for (const auto& row : error_descriptions()) {
    const auto each = json::parse(problem_json({row.code, "x"}));
    CHECK(each["code"] == row.name);
    CHECK(each["status"] == (row.http_status == 0 ? 500 : row.http_status));
  }
}

TEST_CASE("An error in Glance's shape is WebOb's, in each of its three forms") {
  const failure why{error_code::not_found, "No image found with ID <x>"};
  CHECK(json::parse(glance_error(why, 404, glance_error_form::json)) ==
        json{{"message", "No image found with ID <x><br /><br />\n\n\n"},
             {"code", "404 Not Found"},
             {"title", "Not Found"}});
  CHECK(glance_error(why, 404, glance_error_form::plain) == "404 Not Found\n\nNo image found with ID <x>\n\n   ");
  CHECK(glance_error(why, 404, glance_error_form::html) ==
        "<html>\n <head>\n  <title>404 Not Found</title>\n </head>\n <body>\n  <h1>404 Not Found</h1>\n"
        "  No image found with ID &lt;x&gt;<br /><br />\n\n\n </body>\n</html>");
  for (const auto& row : error_descriptions())
    if (row.http_status != 0) {
      INFO(row.name);
      const auto form = json::parse(glance_error({row.code, ""}, row.http_status, glance_error_form::json));
      CHECK(form["code"] == std::to_string(row.http_status).append(" ").append(form["title"].get<std::string>()));
      CHECK((row.http_status == 400) == (form["title"] == "Bad Request"));
    }
}

TEST_CASE("Members are shown as Glance shows them, alone and together") {
  const auto one = json::parse(golden("answers/member.accepted.json", to_json(samples::member())));
  CHECK(one == json::parse(to_json(samples::member())));
  CHECK(one["member_id"] == "project-2");
  CHECK(one["status"] == "accepted");
  const std::vector<image_member> all{samples::member()};
  const auto list = json::parse(golden("answers/members.one.json", to_json(all)));
  CHECK(list == json::parse(to_json(all)));
  CHECK(list["members"] == json::array({one}));
}

TEST_CASE("An image without bytes has null where there is nothing to say, and is in no store") {
  auto record = samples::image();
  record.status = image_status::queued;
  record.facts.reset();
  const auto answer = json::parse(golden("answers/image.queued.json", to_json(record)));
  CHECK(answer == json::parse(to_json(record)));
  for (const auto* const absent : {"size", "virtual_size", "checksum", "os_hash_algo", "os_hash_value"})
    CHECK(answer[absent].is_null());
  CHECK_FALSE(answer.contains("stores"));
  CHECK(json::parse(to_json(samples::image()))["stores"] == "default");
}

TEST_CASE("Text that needs escaping survives the way into an answer") {
  auto record = samples::image();
  record.properties.name = "a \"quoted\" \\ \xc3\xa9 name";
  record.properties.tags = {"t\"", "\xe2\x82\xac"};
  record.properties.extra["key \"x\""] = "line\nline\ttab";
  const auto answer = json::parse(to_json(record));
  CHECK(answer["name"] == *record.properties.name);
  CHECK(answer["tags"] == record.properties.tags);
  CHECK(answer["key \"x\""] == "line\nline\ttab");
}

TEST_CASE("The versions are Glance's list with named stores and without a cache, one of them current") {
  const auto document = json::parse(versions_json("http://h:9292"));
  const auto& versions = document["versions"];
  REQUIRE(versions.size() == 16);
  CHECK(
      versions[0] ==
      json::parse(R"({"id": "v2.17", "status": "CURRENT", "links": [{"rel": "self", "href": "http://h:9292/v2/"}]})"));
  CHECK(versions[15]["id"] == "v2.0");
  for (std::size_t i = 1; i < versions.size(); ++i)
    CHECK(versions[i]["status"] == "SUPPORTED");
}

TEST_CASE("A published schema is found by its name and names every member that is answered") {
  for (const std::string name :
       {"image", "images", "image-import", "image-imports", "image-import-request", "problem"}) {
    INFO(name);
    CHECK(json::parse(published_schema(name)).is_object());
  }
  CHECK(published_schema("nothing").empty());
  CHECK(published_schema("").empty());

  const auto image = json::parse(published_schema("image"));
  CHECK(json::parse(published_schema("images"))["properties"]["images"]["items"] == image);
  CHECK(image["additionalProperties"] == json{{"type", "string"}});
  for (const std::string name :
       {"id",           "name",          "status",   "visibility", "protected",    "checksum",
        "os_hash_algo", "os_hash_value", "owner",    "size",       "virtual_size", "container_format",
        "disk_format",  "min_ram",       "min_disk", "created_at", "updated_at",   "tags",
        "direct_url",   "locations",     "stores",   "os_hidden",  "self",         "file",
        "schema"}) {
    INFO(name);
    CHECK(image["properties"].contains(name));
  }

  const auto import = json::parse(published_schema("image-import"));
  auto item = json::parse(published_schema("image-imports"))["properties"]["image_imports"]["items"];
  for (const auto& [key, value] : item.items())
    CHECK(import[key] == value);
  for (const auto& [status_index, status] : import["properties"]["status"]["enum"].items())
    CHECK(image_import_status_from(status.get<std::string>()));
  CHECK(import["properties"]["status"]["enum"].size() == 5);
}
