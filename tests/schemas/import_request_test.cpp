// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "schemas/image_signature.hpp"
#include "schemas/json.hpp"

using namespace sluice::schemas;
using Catch::Matchers::Contains;

namespace {

const identity member{"p", "u", {"member"}};
const identity administrator{"p", "u", {"member", "admin"}};

result<import_request> parse(std::string_view body, const identity& who = member) {
  return parse_import_request(body, who, {});
}

/// The parts as one text. GCC 12 warns falsely about `"literal" + std::string`.
std::string text(std::initializer_list<std::string_view> parts) {
  std::string whole;
  for (const auto part : parts)
    whole.append(part);
  return whole;
}

const std::string md5 = R"({"algorithm":"md5","value":"d41d8cd98f00b204e9800998ecf8427e"})";

std::string sha256(char digit) {
  return text({R"({"algorithm":"sha256","value":")", std::string(64, digit), "\"}"});
}

/// A request whose image_properties are `text`.
std::string with_properties(std::string_view text) {
  return std::string{R"({"location":"https://h/x","image_properties":)"}.append(text).append("}");
}

std::string with_expect(std::string_view text) {
  return std::string{R"({"location":"https://h/x","expect":)"}.append(text).append("}");
}

std::string numbered(std::size_t count, bool as_tags) {
  nlohmann::json values = as_tags ? nlohmann::json::array() : nlohmann::json::object();
  for (std::size_t i = 0; i < count; ++i) {
    if (as_tags)
      values.push_back(text({"t", std::to_string(i)}));
    else
      values[text({"k", std::to_string(i)})] = "v";
  }
  return as_tags ? nlohmann::json{{"tags", values}}.dump() : values.dump();
}

}  // namespace

TEST_CASE("A request needs a location and nothing else") {
  const auto request = parse(R"({"location":"HTTPS://Example.org/a?sig=1#f"})");
  REQUIRE(request);
  CHECK(request->location == "https://example.org/a?sig=1");
  CHECK(request->properties == image_properties{});
  CHECK(request->expect == expectation{});
  CHECK(parse(R"({"location":"https://example.org:443/"})")->location == "https://example.org/");
  CHECK(parse(R"({"location":"http://example.org:443/"})")->location == "http://example.org:443/");
  CHECK(parse(R"({"location":"http://[::1]/"})")->location == "http://[::1]/");
}

TEST_CASE("Everything that a request may say is read") {
  const auto request = parse(R"({
    "location": "https://h/x",
    "image_properties": {
      "name": "Debian \u0031\u0032 \ud83d\ude00", "tags": ["b", "a", "b"], "disk_format": "qcow2", "container_format": "bare",
      "visibility": "public", "min_disk": 2147483647, "min_ram": 0, "protected": true, "os_hidden": true,
      "os_distro": "debian", "description": "two\nlines\tand a tab", "empty": ""
    },
    "expect": {"size": 9223372036854775807, "checksum": {"algorithm": "sha256", "value":
      "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"}}
  })",
                             administrator);
  REQUIRE(request);
  const auto& properties = request->properties;
  CHECK(properties.name == "Debian 12 \xf0\x9f\x98\x80");
  CHECK(properties.tags == std::vector<std::string>{"a", "b"});
  CHECK(properties.disk_format == "qcow2");
  CHECK(properties.container_format == "bare");
  CHECK(properties.visibility == "public");
  CHECK(properties.min_disk == 2147483647);
  CHECK(properties.min_ram == 0);
  CHECK(properties.is_protected);
  CHECK(properties.os_hidden);
  CHECK(properties.extra == std::map<std::string, std::string>{
                                {"os_distro", "debian"}, {"description", "two\nlines\tand a tab"}, {"empty", ""}});
  CHECK(request->expect.size == std::uint64_t{9223372036854775807});
  CHECK(
      (request->expect.checksums ==
       std::vector<expected_checksum>{{"sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}}));
}

TEST_CASE("Null stands for a name or a format that is not said") {
  const auto request = parse(with_properties(R"({"name":null,"disk_format":null,"container_format":null})"));
  REQUIRE(request);
  CHECK(request->properties == image_properties{});
}

TEST_CASE("Every format that the service knows may be declared") {
  for (const std::string format :
       {"ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop", "luks", "qed"})
    CHECK(parse(with_properties(text({"{\"disk_format\":\"", format, "\"}"})))->properties.disk_format == format);
  for (const std::string format : {"ami", "ari", "aki", "bare", "ovf", "ova"})
    CHECK(parse(with_properties(text({"{\"container_format\":\"", format, "\"}"})))->properties.container_format ==
          format);
  for (const std::string visibility : {"private", "shared", "community", "public"})
    CHECK(parse(with_properties(text({"{\"visibility\":\"", visibility, "\"}"})))->properties.visibility == visibility);
}

TEST_CASE("A signature of an image passes unchanged") {
  const std::string signature(344, 'A');
  const auto request =
      parse(with_properties(text({R"({"img_signature":")", signature,
                                  R"(","img_signature_hash_method":"SHA-256","img_signature_key_type":"RSA-PSS",)",
                                  R"("img_signature_certificate_uuid":"71c675ab-d94f-49cd-a114-e12490b328d9"})"})));
  REQUIRE(request);
  CHECK(request->properties.extra.at("img_signature") == signature);
}

TEST_CASE("A malformed request is refused, with the member at fault") {
  using enum error_code;
  struct row {
    std::string body;
    error_code code;
    std::string field;
  };
  const std::string long_text(256, 'x');
  const std::vector<row> rows{
      {"", invalid_json, ""},
      {"not json", invalid_json, ""},
      {"[]", invalid_request, ""},
      {"{}", invalid_request, "/location"},
      {R"({"location":null})", invalid_request, "/location"},
      {R"({"location":1})", invalid_request, "/location"},
      {R"({"location":["https://h/"]})", invalid_request, "/location"},
      {R"({"location":""})", invalid_location, "/location"},
      {R"({"location":"file:///etc/passwd"})", scheme_not_allowed, "/location"},
      {R"({"location":"swift+config://h/a/c/o"})", scheme_not_allowed, "/location"},
      {R"({"location":"swift://h/c/o"})", invalid_location, "/location"},
      {R"({"location":"https://h:22/"})", port_not_allowed, "/location"},
      {R"({"location":"https://u:p@h/"})", invalid_location, "/location"},
      {R"({"location":"https://h/","location":"https://h/"})", invalid_json, "/location"},
      {R"({"location":"https://h/","Location":"https://h/"})", unknown_member, "/Location"},
      {R"({"location":"https://h/","id":"x"})", unknown_member, "/id"},
      {R"({"location":"https://h/","a/b~c":"x"})", unknown_member, "/a~1b~0c"},
      {R"({"location":"https://h/","image_properties":null})", invalid_request, "/image_properties"},
      {R"({"location":"https://h/","image_properties":[]})", invalid_request, "/image_properties"},
      // Properties
      {with_properties(R"({"name":1})"), invalid_request, "/image_properties/name"},
      {with_properties(text({"{\"name\":\"", long_text, "\"}"})), invalid_request, "/image_properties/name"},
      {with_properties(R"({"name":"a\u0007"})"), invalid_request, "/image_properties/name"},
      {with_properties(R"({"name":"a\nb"})"), invalid_request, "/image_properties/name"},
      {with_properties(R"({"name":"a\u0085"})"), invalid_request, "/image_properties/name"},
      {with_properties(R"({"name":"a\u0000"})"), invalid_json, ""},
      {with_properties(R"({"name":"a","name":"b"})"), invalid_json, "/image_properties/name"},
      {with_properties(R"({"tags":"a"})"), invalid_request, "/image_properties/tags"},
      {with_properties(R"({"tags":null})"), invalid_request, "/image_properties/tags"},
      {with_properties(R"({"tags":["a",1]})"), invalid_request, "/image_properties/tags/1"},
      {with_properties(R"({"tags":[""]})"), invalid_request, "/image_properties/tags/0"},
      {with_properties(text({"{\"tags\":[\"", long_text, "\"]}"})), invalid_request, "/image_properties/tags/0"},
      {with_properties(numbered(129, true)), invalid_request, "/image_properties/tags"},
      {with_properties(R"({"disk_format":"exe"})"), invalid_request, "/image_properties/disk_format"},
      {with_properties(R"({"disk_format":"QCOW2"})"), invalid_request, "/image_properties/disk_format"},
      {with_properties(R"({"disk_format":""})"), invalid_request, "/image_properties/disk_format"},
      {with_properties(R"({"disk_format":1})"), invalid_request, "/image_properties/disk_format"},
      {with_properties(R"({"container_format":"docker"})"), invalid_request, "/image_properties/container_format"},
      {with_properties(R"({"container_format":"compressed"})"), invalid_request, "/image_properties/container_format"},
      {with_properties(R"({"container_format":"zip"})"), invalid_request, "/image_properties/container_format"},
      {with_properties(R"({"visibility":null})"), invalid_request, "/image_properties/visibility"},
      {with_properties(R"({"visibility":"everyone"})"), invalid_request, "/image_properties/visibility"},
      {with_properties(R"({"protected":true})"), property_forbidden, "/image_properties/protected"},
      {with_properties(R"({"protected":"true"})"), invalid_request, "/image_properties/protected"},
      {with_properties(R"({"os_hidden":1})"), invalid_request, "/image_properties/os_hidden"},
      {with_properties(R"({"min_disk":-1})"), invalid_request, "/image_properties/min_disk"},
      {with_properties(R"({"min_disk":1.0})"), invalid_request, "/image_properties/min_disk"},
      {with_properties(R"({"min_disk":"1"})"), invalid_request, "/image_properties/min_disk"},
      {with_properties(R"({"min_disk":null})"), invalid_request, "/image_properties/min_disk"},
      {with_properties(R"({"min_disk":2147483648})"), invalid_request, "/image_properties/min_disk"},
      {with_properties(R"({"min_ram":99999999999999999999999999})"), invalid_request, "/image_properties/min_ram"},
      {with_properties(R"({"min_ram":1e400})"), invalid_request, "/image_properties/min_ram"},
      {with_properties(R"({"min_ram":NaN})"), invalid_json, ""},
      {with_properties(R"({"mine":1})"), invalid_request, "/image_properties/mine"},
      {with_properties(R"({"mine":null})"), invalid_request, "/image_properties/mine"},
      {with_properties(R"({"mine":{"a":"b"}})"), invalid_request, "/image_properties/mine"},
      {with_properties(R"({"mine":"\u001b[31m"})"), invalid_request, "/image_properties/mine"},
      {with_properties(R"({"":"x"})"), invalid_request, "/image_properties/"},
      {with_properties("{\"a\\nb\":\"x\"}"), invalid_request, "/image_properties/a\nb"},
      {with_properties(text({"{\"", long_text, "\":\"x\"}"})), invalid_request, "/image_properties"},
      {with_properties(numbered(129, false)), invalid_request, "/image_properties/k99"},
      // Expectations
      {with_expect("1"), invalid_request, "/expect"},
      {with_expect("null"), invalid_request, "/expect"},
      {with_expect(R"({"sha256":"x"})"), unknown_member, "/expect/sha256"},
      {with_expect(R"({"size":-1})"), invalid_request, "/expect/size"},
      {with_expect(R"({"size":1.5})"), invalid_request, "/expect/size"},
      {with_expect(R"({"size":"1"})"), invalid_request, "/expect/size"},
      {with_expect(R"({"size":9223372036854775808})"), invalid_request, "/expect/size"},
      {with_expect(R"({"checksum":"x"})"), invalid_request, "/expect/checksum"},
      {with_expect(R"({"checksum":{}})"), invalid_request, "/expect/checksum/algorithm"},
      {with_expect(R"({"checksum":{"algorithm":"md5","value":"d41d8cd98f00b204e9800998ecf8427e"}})"), invalid_request,
       "/expect/checksum/algorithm"},
      {with_expect(R"({"checksum":{"algorithm":"sha1","value":"da39a3ee5e6b4b0d3255bfef95601890afd80709"}})"),
       invalid_request, "/expect/checksum/algorithm"},
      {with_expect(R"({"checksum":{"algorithm":"SHA256","value":""}})"), invalid_request, "/expect/checksum/algorithm"},
      {with_expect(R"({"checksum":{"algorithm":"sha256"}})"), invalid_request, "/expect/checksum/value"},
      {with_expect(R"({"checksum":{"algorithm":"sha256","value":"e3b0"}})"), invalid_request, "/expect/checksum/value"},
      {with_expect(text({"{\"checksum\":{\"algorithm\":\"sha512\",\"value\":\"", std::string(64, 'a'), "\"}}"})),
       invalid_request, "/expect/checksum/value"},
      {with_expect(text({"{\"checksum\":{\"algorithm\":\"sha256\",\"value\":\"", std::string(63, 'a'), "g\"}}"})),
       invalid_request, "/expect/checksum/value"},
      {with_expect(R"({"checksum":{"algorithm":"sha256","value":"x","salt":""}})"), unknown_member,
       "/expect/checksum/salt"},
      {with_expect(R"({"checksums":{}})"), invalid_request, "/expect/checksums"},
      {with_expect(R"({"checksums":[]})"), invalid_request, "/expect/checksums"},
      {with_expect(R"({"checksums":[1,2,3,4,5]})"), invalid_request, "/expect/checksums"},
      {with_expect(R"({"checksums":["x"]})"), invalid_request, "/expect/checksums/0"},
      {with_expect(text({R"({"checksums":[)", md5, R"(,{"algorithm":"crc32","value":""}]})"})), invalid_request,
       "/expect/checksums/1/algorithm"},
      {with_expect(text({R"({"checksums":[)", md5, "]}"})), invalid_request, "/expect/checksums"},
      {with_expect(R"({"checksums":[{"algorithm":"sha1","value":"e3b0"}]})"), invalid_request,
       "/expect/checksums/0/value"},
      {with_expect(text({R"({"checksums":[)", sha256('a'), ",", sha256('b'), "]}"})), invalid_request,
       "/expect/checksums/1"},
      {with_expect(text({R"({"checksum":)", sha256('a'), R"(,"checksums":[)", sha256('b'), "]}"})), invalid_request,
       "/expect/checksums/0"},
      {with_expect(R"({"checksums_url":1})"), invalid_request, "/expect/checksums_url"},
      {with_expect(R"({"checksums_url":"file:///etc/SHA256SUMS"})"), scheme_not_allowed, "/expect/checksums_url"},
      {with_expect(R"({"checksums_url":"https://h:22/SHA256SUMS"})"), port_not_allowed, "/expect/checksums_url"},
      {with_expect(R"({"checksums_url":"https://user@h/SHA256SUMS"})"), invalid_location, "/expect/checksums_url"},
      {R"({"location":"https://h/x/","expect":{"checksums_url":"https://h/SHA256SUMS"}})", invalid_request,
       "/expect/checksums_url"},
      {with_expect(R"({"checksums_name":"x"})"), invalid_request, "/expect/checksums_name"},
      {with_expect(R"({"checksums_url":"https://h/S","checksums_name":""})"), invalid_request,
       "/expect/checksums_name"},
      {with_expect(R"({"checksums_url":"https://h/S","checksums_name":"a\nb"})"), invalid_request,
       "/expect/checksums_name"},
      {with_expect(R"({"checksums_url":"https://h/S","checksums_name":1})"), invalid_request, "/expect/checksums_name"},
  };
  for (const auto& row : rows) {
    INFO(row.body);
    const auto request = parse(row.body);
    REQUIRE_FALSE(request);
    INFO(request.error().message);
    CHECK(to_string(request.error().code) == to_string(row.code));
    CHECK(request.error().field == row.field);
    CHECK(request.error().message.back() == '.');
  }
}

TEST_CASE("Several checksums are read, each algorithm once, and md5 only beside one that proves something") {
  const auto several =
      parse(with_expect(text({R"({"checksum":)", sha256('A'), R"(,"checksums":[)", md5, ",", sha256('a'),
                              R"(],"checksums_url":"HTTPS://H/S?k=1","checksums_name":"a b"})"})));
  REQUIRE(several);
  CHECK((several->expect.checksums == std::vector<expected_checksum>{{"sha256", std::string(64, 'a')},
                                                                     {"md5", "d41d8cd98f00b204e9800998ecf8427e"}}));
  CHECK(several->expect.checksums_url == "https://h/S?k=1");
  CHECK(several->expect.checksums_name == "a b");
  // The file gives sha256 or sha512, or the import fails.
  CHECK(parse(with_expect(text({R"({"checksums":[)", md5, R"(],"checksums_url":"https://h/S"})"}))));
}

TEST_CASE("A signed image has all four properties, and they stay on it") {
  const nlohmann::json sound{{"img_signature", "c2lnbmF0\ndXJl"},
                             {"img_signature_hash_method", "SHA-384"},
                             {"img_signature_key_type", "ECC_SECP384R1"},
                             {"img_signature_certificate_uuid", "71C675AB-d94f-49cd-a114-e12490b328d9"}};
  const auto request = parse(with_properties(sound.dump()));
  REQUIRE(request);
  CHECK(request->properties.extra.size() == 4);
  const auto read = signature_of(request->properties.extra, "");
  REQUIRE(read);
  CHECK((**read == image_signature{"signature", "sha384", "ECC_SECP384R1", "71c675ab-d94f-49cd-a114-e12490b328d9"}));
  CHECK_FALSE(signature_of({{"img_config_drive", "optional"}}, "")->has_value());
  for (const auto& [name, value] : sound.items()) {
    INFO(name);
    auto without = sound;
    without.erase(name);
    auto refused = parse(with_properties(without.dump()));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == error_code::invalid_request);
    CHECK(refused.error().field == text({"/image_properties/", name}));
    CHECK_THAT(refused.error().message, Contains(text({"Expected ", name, ":"})));
    for (const auto* const wrong : {"", "SHA256", "ECC_SECP256R1", "71c675ab-", "a$==", "=", "YQ", "YQ=", "Y"}) {
      auto other = sound;
      other[name] = wrong;
      refused = parse(with_properties(other.dump()));
      INFO(wrong);
      REQUIRE_FALSE(refused);
      CHECK(refused.error().field == text({"/image_properties/", name}));
    }
  }
}

TEST_CASE("Base64 gives back what was put in, whatever its length") {
  CHECK(decode_base64("") == "");
  CHECK(decode_base64("YQ==") == "a");
  CHECK(decode_base64("YWI=") == "ab");
  CHECK(decode_base64("YWJj") == "abc");
  CHECK(decode_base64(" YW\r\nJj\tYQ = =\n") == "abca");
  CHECK(decode_base64("/+8=") == "\xff\xef");
  for (const auto* const wrong : {"Y", "YQ", "YQ=", "YQ===", "YWI", "YWJj=", "YQ==YQ==", "Y-_=", "YWJ\xc3"}) {
    INFO(wrong);
    CHECK_FALSE(decode_base64(wrong));
  }
}

TEST_CASE("What the service sets itself cannot be asked for, by anybody") {
  for (const std::string name : {"created_at",
                                 "updated_at",
                                 "status",
                                 "checksum",
                                 "size",
                                 "virtual_size",
                                 "direct_url",
                                 "self",
                                 "file",
                                 "schema",
                                 "id",
                                 "os_hash_algo",
                                 "os_hash_value",
                                 "stores",
                                 "owner",
                                 "location",
                                 "locations",
                                 "deleted",
                                 "deleted_at",
                                 "os_glance_import_task",
                                 "os_glance",
                                 "OS_Glance_x",
                                 "sluice_anything",
                                 "sluice",
                                 "SLUICE_X"}) {
    INFO(name);
    const auto request = parse(with_properties(text({"{\"", name, "\":\"x\"}"})), administrator);
    REQUIRE_FALSE(request);
    CHECK(request.error().code == error_code::reserved_property);
    CHECK(describe(request.error().code).http_status == 403);
    CHECK(request.error().field == text({"/image_properties/", name}));
  }
  CHECK(parse(with_properties(R"({"os_glanc":"x","sluic":"y","osglance":"z","Status":"w"})")));
}

TEST_CASE("A cap is met exactly at its limit") {
  CHECK(parse(with_properties(numbered(128, true))));
  CHECK(parse(with_properties(numbered(128, false))));
  std::string wide;  // 255 characters, 765 bytes
  for (int i = 0; i < 255; ++i)
    wide.append("\xe2\x82\xac");
  CHECK(parse(with_properties(text({"{\"name\":\"", wide, "\",\"tags\":[\"", wide, "\"],\"", wide, "\":\"x\"}"}))));
  CHECK_FALSE(parse(with_properties(text({"{\"name\":\"", wide, "x\"}"}))));
  const auto large = parse(text({std::string(64 << 10, ' '), "{}"}));
  REQUIRE_FALSE(large);
  CHECK(large.error().code == error_code::payload_too_large);
}

TEST_CASE("A refusal of protection says which role is missing") {
  CHECK_THAT(parse(with_properties(R"({"protected":true})")).error().message, Contains("admin"));
  CHECK(parse(with_properties(R"({"protected":false})")));
}
