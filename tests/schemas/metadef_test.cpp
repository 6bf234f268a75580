// SPDX-License-Identifier: Apache-2.0
#include "schemas/metadef.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "schemas/metadef_answer.hpp"
#include "schemas/metadef_reading.hpp"

namespace {

using namespace sluice::schemas;
using json = nlohmann::ordered_json;

time_point at(std::int64_t seconds) {
  return time_point{std::chrono::seconds{1'700'000'000 + seconds}};
}

const std::string full = R"({
  "namespace": "OS::Compute::Quota", "display_name": "Quota", "description": "What a guest may use", "visibility": "public",
  "protected": true, "owner": "a",
  "resource_type_associations": [{"name": "OS::Nova::Flavor", "prefix": "quota:"},
                                 {"name": "OS::Cinder::Volume", "properties_target": "image"}],
  "properties": {"cpu": {"type": "integer", "title": "CPU", "minimum": 0, "maximum": 1.5, "maxLength": 3}},
  "objects": [{"name": "Disk", "description": "disks", "required": ["iops"],
               "properties": {"iops": {"title": "IOPS", "type": "array", "enum": ["a", 1, true, null],
                                       "default": {"x": [1]}, "items": {"type": "string", "enum": ["b"], "other": 1},
                                       "operators": ["<in>"], "unheard_of": 7}}}],
  "tags": [{"name": "fast"}, {"name": "slow"}]})";

metadef_namespace sample() {
  auto read = parse_metadef_namespace(full);
  INFO((read ? std::string{} : read.error().message + read.error().field));
  REQUIRE(read);
  read->created_at = at(1);
  read->updated_at = at(2);
  read->objects[0].created_at = at(3);
  read->tags[1].updated_at = at(4);
  read->associations[0].created_at = at(5);
  read->properties[0].updated_at = at(6);
  read->revision = 77;
  return *read;
}

}  // namespace

TEST_CASE("A namespace is read with all that is in it") {
  const auto read = sample();
  CHECK(read.name == "OS::Compute::Quota");
  CHECK(read.is_public);
  CHECK(read.is_protected);
  CHECK(read.owner == "a");
  CHECK(read.associations.at(0).prefix == "quota:");
  CHECK(read.associations.at(1).properties_target == "image");
  CHECK(read.properties.at(0).definition ==
        R"({"type":"integer","title":"CPU","minimum":0,"maximum":1.5,"maxLength":3})");
  CHECK(read.objects.at(0).required == std::vector<std::string>{"iops"});
  CHECK(read.objects.at(0).properties.at(0).definition ==
        R"({"type":"array","title":"IOPS","operators":["<in>"],"default":{"x":[1]},"enum":["a",1,true,null],)"
        R"("items":{"type":"string","enum":["b"]}})");
  CHECK(read.tags.at(1).name == "slow");
  const auto least = parse_metadef_namespace(R"({"namespace":"x"})");
  REQUIRE(least);
  CHECK_FALSE(least->is_public);
  CHECK_FALSE(least->is_protected);
  CHECK(least->owner.empty());
}

TEST_CASE("What Glance's schemas refuse of metadata definitions is refused, and the field is named") {
  struct row {
    std::string body;
    error_code code;
    std::string field;
  };
  using enum error_code;
  const std::string long_name(81, 'x');
  const std::vector<row> rows{
      {"", invalid_json, ""},
      {"[]", invalid_request, ""},
      {"{}", invalid_request, "/namespace"},
      {R"({"namespace":1})", invalid_request, "/namespace"},
      {R"({"namespace":""})", invalid_request, "/namespace"},
      {R"({"namespace":"a/b"})", invalid_request, "/namespace"},
      {R"({"namespace":"a\u0001b"})", invalid_request, "/namespace"},
      {R"({"namespace":".."})", invalid_request, "/namespace"},
      {R"({"namespace":")" + long_name + R"("})", invalid_request, "/namespace"},
      {R"({"namespace":"x","display_name":")" + long_name + R"("})", invalid_request, "/display_name"},
      {R"({"namespace":"x","description":")" + std::string(501, 'x') + R"("})", invalid_request, "/description"},
      {R"({"namespace":"x","visibility":"shared"})", invalid_request, "/visibility"},
      {R"({"namespace":"x","protected":"yes"})", invalid_request, "/protected"},
      {R"({"namespace":"x","self":"/"})", forbidden, "/self"},
      {R"({"namespace":"x","created_at":"now"})", forbidden, "/created_at"},
      {R"({"namespace":"x","unheard_of":1})", unknown_member, "/unheard_of"},
      {R"({"namespace":"x","tags":{}})", invalid_request, "/tags"},
      {R"({"namespace":"x","tags":[{}]})", invalid_request, "/tags/0/name"},
      {R"({"namespace":"x","tags":[{"name":"a"},{"name":"a"}]})", conflict, "/tags/1"},
      {R"({"namespace":"x","properties":[]})", invalid_request, "/properties"},
      {R"({"namespace":"x","properties":{"p":{"type":"string"}}})", invalid_request, "/properties/p/title"},
      {R"({"namespace":"x","properties":{"p":{"title":"t"}}})", invalid_request, "/properties/p/type"},
      {R"({"namespace":"x","properties":{"p":{"title":"t","type":"text"}}})", invalid_request, "/properties/p/type"},
      {R"({"namespace":"x","properties":{"p":{"title":"t","type":"string","minLength":-1}}})", invalid_request,
       "/properties/p/minLength"},
      {R"({"namespace":"x","properties":{"p":{"title":"t","type":"string","enum":[[1]]}}})", invalid_request,
       "/properties/p/enum/0"},
      {R"({"namespace":"x","properties":{"p":{"title":"t","type":"string","operators":[1]}}})", invalid_request,
       "/properties/p/operators/0"},
      {R"({"namespace":"x","properties":{"p":{"title":"t","type":"number","maximum":1e999}}})", invalid_request,
       "/properties/p/maximum"},
      {R"({"namespace":"x","objects":[{"name":"o","required":["a","a"]}]})", invalid_request, "/objects/0/required"},
      {R"({"namespace":"x","objects":[{"name":"o"},{"name":"o"}]})", conflict, "/objects/1"},
      {R"({"namespace":"x","resource_type_associations":[{"prefix":"p"}]})", invalid_request,
       "/resource_type_associations/0/name"},
  };
  for (const auto& row : rows) {
    INFO(row.body);
    const auto read = parse_metadef_namespace(row.body);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == row.code);
    CHECK(read.error().field == row.field);
  }
  CHECK_FALSE(parse_metadef_property(R"({"type":"string","title":"t"})"));
  CHECK_FALSE(parse_metadef_property(R"({"name":"p","type":"string","title":"t","unheard_of":1})"));
  CHECK(parse_metadef_property(R"({"name":"p","type":"string","title":"t","readonly":true})"));
  CHECK_FALSE(parse_metadef_object(R"({"name":"o","schema":"/"})"));
  CHECK_FALSE(parse_metadef_tag(R"({"name":"t","other":1})"));
  CHECK_FALSE(parse_metadef_tags("{}"));
  CHECK(parse_metadef_tags(R"({"tags":[]})"));
  CHECK_FALSE(parse_metadef_association(R"({"name":"a","x":1})"));
}

TEST_CASE("A namespace survives being a record, in two parts and in one") {
  const auto record = sample();
  CHECK(decode_metadef_namespace(encode(record)).value() == record);
  auto head = decode_metadef_head(encode_head(record)).value();
  CHECK(head.objects.empty());
  REQUIRE(decode_metadef_contents(encode_contents(record), head));
  CHECK(head == record);
  metadef_namespace least;
  least.name = "x";
  CHECK(decode_metadef_namespace(encode(least)).value() == least);
  for (const std::string damaged : {"", "{}", "null", R"({"v":2})", R"({"v":1,"name":1})", "{\n"}) {
    CHECK_FALSE(decode_metadef_head(damaged));
    CHECK_FALSE(decode_metadef_contents(damaged, least));
    CHECK_FALSE(decode_metadef_namespace(damaged));
  }
}

TEST_CASE("What version 1 wrote of metadata definitions stays readable") {
  const auto head = decode_metadef_head(
      R"({"name":"n","created_at":1700000000000001,"updated_at":1700000000000002,"v":1,"revision":5,"display_name":"d",)"
      R"("public":true,"protected":false,"owner":"a","associations":[{"name":"T","created_at":1,"updated_at":2,)"
      R"("prefix":"p:"}]})");
  REQUIRE(head);
  CHECK(head->revision == 5);
  CHECK(head->associations.at(0).prefix == "p:");
  auto whole = *head;
  REQUIRE(decode_metadef_contents(
      R"({"v":1,"objects":[{"name":"o","created_at":1,"updated_at":2,"properties":[]}],"properties":[{"name":"p",)"
      R"("created_at":1,"updated_at":2,"definition":"{\"type\":\"string\",\"title\":\"t\"}"}],"tags":[]})",
      whole));
  CHECK(whole.properties.at(0).definition == R"({"type":"string","title":"t"})");
}

TEST_CASE("A namespace is answered in Glance's order, with what is not set left out") {
  const auto record = sample();
  const auto whole = json::parse(metadef_namespace_json(record, metadef_view::whole));
  std::string names;
  for (const auto& [name, value] : whole.items())
    names += name + ' ';
  CHECK(names ==
        "namespace display_name description visibility protected owner created_at updated_at "
        "resource_type_associations properties objects tags self schema ");
  CHECK(whole["created_at"] == "2023-11-14T22:13:21Z");
  CHECK(whole["self"] == "/v2/metadefs/namespaces/OS::Compute::Quota");
  CHECK(whole["objects"][0]["self"] == "/v2/metadefs/namespaces/OS::Compute::Quota/objects/Disk");
  CHECK(whole["tags"].dump() == R"([{"name":"fast"},{"name":"slow"}])");
  CHECK_FALSE(json::parse(metadef_namespace_json(record, metadef_view::listed)).contains("objects"));
  CHECK_FALSE(json::parse(metadef_namespace_json(record, metadef_view::head)).contains("resource_type_associations"));

  const auto prefixed = json::parse(metadef_namespace_json(record, metadef_view::whole, "OS::Nova::Flavor"));
  CHECK(prefixed["properties"].contains("quota:cpu"));
  CHECK(prefixed["objects"][0]["required"][0] == "quota:iops");
  CHECK(prefixed["objects"][0]["properties"].contains("quota:iops"));
  const auto other = json::parse(metadef_namespace_json(record, metadef_view::whole, "OS::Cinder::Volume"));
  CHECK(other["properties"].contains("cpu"));

  CHECK(metadef_property_json(record.properties[0]) ==
        R"({"name":"cpu","type":"integer","title":"CPU","minimum":0,"maximum":1.5,"maxLength":3})");
  CHECK(json::parse(metadef_resource_types_json({"A", "B"})).dump() ==
        R"({"resource_types":[{"name":"A"},{"name":"B"}]})");
}

TEST_CASE("Owners, administrators and, when it is public, everybody see a namespace") {
  auto record = sample();
  identity owner, stranger, admin;
  owner.project_id = "a";
  stranger.project_id = "b";
  admin.project_id = "c";
  admin.roles = {"admin"};
  CHECK(may_see(stranger, record));
  record.is_public = false;
  CHECK(may_see(owner, record));
  CHECK(may_see(admin, record));
  CHECK_FALSE(may_see(stranger, record));
}

TEST_CASE("A namespace cannot grow without bounds") {
  auto record = sample();
  CHECK(check_bounds(record));
  auto many = record;
  many.tags.resize(most_metadefs + 1);
  CHECK(check_bounds(many).error().code == error_code::quota_exceeded);
  auto associated = record;
  associated.associations.resize(most_metadef_associations + 1);
  CHECK_FALSE(check_bounds(associated));
  auto long_one = record;
  long_one.properties[0].definition = std::string(most_metadef_bytes, 'x');
  CHECK_FALSE(check_bounds(long_one));
}

TEST_CASE("Glance's ten schemas of metadata definitions are published under their names") {
  for (const auto& [kind, name] :
       std::vector<std::pair<std::string, std::string>>{{"namespace", "namespace"},
                                                        {"namespaces", "namespaces"},
                                                        {"resource_type", "resource_type_association"},
                                                        {"resource_types", "resource_type_associations"},
                                                        {"object", "object"},
                                                        {"objects", "objects"},
                                                        {"property", "property"},
                                                        {"properties", "properties"},
                                                        {"tag", "tag"},
                                                        {"tags", "tags"}}) {
    INFO(kind);
    CHECK(json::parse(published_metadef_schema(kind))["name"] == name);
    CHECK(published_schema(kind).empty());
  }
  CHECK(published_metadef_schema("image").empty());
}
