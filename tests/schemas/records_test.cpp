// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <random>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "schemas/json.hpp"
#include "tests/schemas/golden.hpp"
#include "tests/schemas/samples.hpp"

using namespace sluice::schemas;
using nlohmann::json;

namespace {

constexpr image_import_status statuses[]{image_import_status::waiting, image_import_status::uploading,
                                         image_import_status::verifying, image_import_status::success,
                                         image_import_status::failure};

/// Random records: every optional there or not, every number from its whole range, text with all that UTF-8 can hold.
class record_maker {
 public:
  explicit record_maker(unsigned seed) : random_{seed} {}

  image_import import() {
    image_import record;
    record.id = text();
    record.image_id = text();
    record.project_id = text();
    record.user_id = text();
    record.status = statuses[random_() % 5];
    record.request = {text(), properties(), {maybe(number()), checksums(), maybe(text()), maybe(text())}};
    record.created_at = time();
    record.updated_at = time();
    record.expires_at = maybe(time());
    record.why = maybe(failure{static_cast<error_code>(random_() % (error_descriptions().size() + 1)), text(), text()});
    record.durable_bytes = number();
    record.validator = text();
    record.total = maybe(number());
    record.facts = maybe(facts());
    for (auto count = random_() % 3; count > 0; --count)
      record.checks.push_back(check());
    record.origin = import_origins[random_() % import_origins.size()];
    record.request_id = text();
    record.asked = text();
    return record;
  }

  sluice::schemas::image image() {
    return {text(), text(), image_statuses[random_() % image_statuses.size()], properties(), maybe(facts()),
            time(), time()};
  }
  image_member member() { return {text(), text(), member_statuses[random_() % 3], time(), time()}; }

 private:
  bool coin() { return random_() % 2 == 0; }
  template <class Value>
  std::optional<Value> maybe(Value value) {
    return coin() ? std::optional<Value>{std::move(value)} : std::nullopt;
  }
  std::vector<expected_checksum> checksums() {
    std::vector<expected_checksum> made;
    for (auto count = random_() % 3; count > 0; --count)
      made.push_back({text(), text()});
    return made;
  }
  std::uint64_t number() {
    const auto value = (std::uint64_t{random_()} << 32) | random_();
    return value >> (random_() % 64);
  }
  time_point time() {
    return time_point{std::chrono::microseconds{static_cast<std::int64_t>(number() >> 1) * (coin() ? 1 : -1)}};
  }
  std::string text() {
    static const std::vector<std::string> pieces{"a",
                                                 "\"",
                                                 "\\",
                                                 "/",
                                                 "\n",
                                                 "\x01",
                                                 "\x7f",
                                                 "\xc3\xa9",
                                                 "\xe2\x82\xac",
                                                 "\xf0\x9f\x98\x80",
                                                 std::string(1, '\0'),
                                                 "\\u0000",
                                                 "\xed\x9f\xbf",
                                                 " ",
                                                 "{",
                                                 "\xef\xbb\xbf"};
    std::string made;
    for (auto length = random_() % 6; length > 0; --length)
      made.append(pieces[random_() % pieces.size()]);
    return made;
  }
  image_properties properties() {
    image_properties made;
    made.name = maybe(text());
    for (auto count = random_() % 3; count > 0; --count)
      made.tags.push_back(text());
    made.disk_format = maybe(text());
    made.container_format = maybe(text());
    made.visibility = maybe(text());
    made.min_disk = static_cast<std::uint32_t>(random_());
    made.min_ram = static_cast<std::uint32_t>(random_());
    made.is_protected = coin();
    made.os_hidden = coin();
    for (auto count = random_() % 3; count > 0; --count)
      made.extra[text()] = text();
    return made;
  }
  check_result check() {
    check_result made;
    made.name = text();
    made.verdict = static_cast<check_verdict>(random_() % 3);
    made.took = std::chrono::microseconds{static_cast<std::int64_t>(number() >> 1)};
    made.message = text();
    for (auto count = random_() % 3; count > 0; --count)
      made.remarks.push_back(text());
    return made;
  }
  content_facts facts() {
    content_facts made{number(), number(), text(), text(), text(), text(), text()};
    for (auto count = random_() % 3; count > 0; --count)
      made.described.insert_or_assign(text(), text());
    return made;
  }

  std::mt19937 random_;
};

}  // namespace

TEST_CASE("Every record reads back as it was written") {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    INFO("seed " << seed);
    record_maker make{seed};
    const auto import = make.import();
    const auto image = make.image();
    REQUIRE(decode_image_import(encode(import)) == import);
    REQUIRE(decode_image(encode(image)) == image);
    const auto member = make.member();
    REQUIRE(decode_image_member(encode(member)) == member);
  }
}

TEST_CASE("A record reads back whatever the order of its members") {
  const auto image = samples::image();
  const auto import = samples::import(image_import_status::failure);
  const auto sorted = [](const std::string& bytes) { return json::parse(bytes).dump(); };
  REQUIRE(sorted(encode(image)) != encode(image));
  CHECK(decode_image(sorted(encode(image))) == image);
  CHECK(decode_image_import(sorted(encode(import))) == import);
}

TEST_CASE("The largest numbers survive") {
  auto record = samples::import(image_import_status::verifying);
  record.durable_bytes = std::numeric_limits<std::uint64_t>::max();
  record.total = std::numeric_limits<std::uint64_t>::max();
  record.created_at = time_point::max();
  record.updated_at = time_point::min();
  CHECK(decode_image_import(encode(record)) == record);
}

TEST_CASE("Records of version 1 stay readable, byte for byte") {
  for (const auto status : statuses) {
    const auto record = samples::import(status);
    const auto kept = golden("import-v1-" + std::string{to_string(status)} + ".json", encode(record));
    CHECK(decode_image_import(kept) == record);
    CHECK(encode(record) == kept);
  }
  CHECK(decode_image(golden_file("image-v1.json")) == samples::image());
  const auto kept_member = golden("member-v1.json", encode(samples::member()));
  CHECK(decode_image_member(kept_member) == samples::member());
  CHECK(encode(samples::member()) == kept_member);
}

TEST_CASE("Images of version 2 stay readable, byte for byte, with bytes and without") {
  const auto kept = golden("image-v2.json", encode(samples::image()));
  CHECK(decode_image(kept) == samples::image());
  CHECK(encode(samples::image()) == kept);
  auto without = samples::image();
  without.status = image_status::queued;
  without.facts.reset();
  const auto kept_without = golden("image-v2-queued.json", encode(without));
  CHECK(decode_image(kept_without) == without);
  CHECK(encode(without) == kept_without);
}

TEST_CASE("A record of when there was one checksum, with members of its own, is read as a list of one") {
  auto old = json::parse(encode(samples::import(image_import_status::waiting)));
  old["expect"]["checksum_algorithm"] = "sha256";
  old["expect"]["checksum_value"] = "ab";
  const auto read = decode_image_import(old.dump());
  REQUIRE(read);
  CHECK((read->request.expect.checksums == std::vector<expected_checksum>{{"sha256", "ab"}}));
  old["expect"]["checksums"] = json::array({{{"algorithm", "sha512"}}});
  const auto refused = decode_image_import(old.dump());
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, Catch::Matchers::Contains("expect.checksums.value"));
}

TEST_CASE("A damaged record is refused, whichever member is missing or of another kind") {
  const auto whole_import = json::parse(encode(samples::import(image_import_status::failure)));
  for (const auto& [name, value] : whole_import.items()) {
    INFO(name);
    auto other_kind = whole_import;
    other_kind[name] = json::array({1});
    CHECK_FALSE(decode_image_import(other_kind.dump()));
    auto without = whole_import;
    without.erase(name);
    const bool is_optional = name == "expires_at" || name == "why" || name == "total" || name == "facts";
    CHECK(decode_image_import(without.dump()).has_value() == is_optional);
  }
  const auto whole_image = json::parse(encode(samples::image()));
  for (const auto& [name, value] : whole_image.items()) {
    INFO(name);
    auto without = whole_image;
    without.erase(name);
    CHECK(decode_image(without.dump()).has_value() == (name == "facts"));
    if (name == "v")
      continue;
    without["v"] = 1;  // where every image had bytes
    CHECK_FALSE(decode_image(without.dump()));
  }
  for (const auto& [name, value] : whole_image["facts"].items()) {
    INFO(name);
    auto without = whole_image;
    without["facts"].erase(name);
    const auto refused = decode_image(without.dump());
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().message, Catch::Matchers::Contains("facts." + name));
  }
}

TEST_CASE("Bytes that are no record are refused") {
  const auto bytes = encode(samples::import(image_import_status::waiting));
  for (std::size_t length = 0; length < bytes.size(); ++length)
    REQUIRE_FALSE(decode_image_import(bytes.substr(0, length)));
  CHECK_FALSE(decode_image_import("[]"));
  CHECK_FALSE(decode_image(bytes));
  auto tampered = json::parse(bytes);
  tampered["status"] = "done";
  CHECK_FALSE(decode_image_import(tampered.dump()));
  tampered = json::parse(bytes);
  tampered["durable_bytes"] = -1;
  CHECK_FALSE(decode_image_import(tampered.dump()));
  tampered["durable_bytes"] = 1.5;
  CHECK_FALSE(decode_image_import(tampered.dump()));
  tampered = json::parse(bytes);
  tampered["properties"]["min_disk"] = 4294967296;
  CHECK_FALSE(decode_image_import(tampered.dump()));
  tampered = json::parse(bytes);
  tampered["v"] = 2;
  const auto later = decode_image_import(tampered.dump());
  REQUIRE_FALSE(later);
  CHECK_THAT(later.error().message, Catch::Matchers::Contains("version 2"));
}

TEST_CASE("Bytes of a source that are not UTF-8 do not stop a record from being written") {
  auto record = samples::import(image_import_status::uploading);
  record.validator = "\"\xff\"";
  const auto read = decode_image_import(encode(record));
  REQUIRE(read);
  CHECK(read->validator == "\"\xef\xbf\xbd\"");
}
