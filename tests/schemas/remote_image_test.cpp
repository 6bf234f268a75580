// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "schemas/image_change.hpp"
#include "schemas/image_properties_reading.hpp"
#include "schemas/remote_image.hpp"
#include "schemas/swift_location.hpp"

using namespace sluice::schemas;
using named = std::map<std::string, std::string>;

namespace {

const std::string id = "36d4b546-64a2-4bb9-bdd0-ba676aa48f2c";

}  // namespace

TEST_CASE("an image at another Glance is found from what the catalog says of that service") {
  for (const auto* endpoint : {"http://images.example:9292", "http://images.example:9292/",
                               "http://images.example:9292/v2", "http://images.example:9292/v2/"}) {
    const auto location = remote_image_location(endpoint, id);
    INFO(location);
    CHECK(is_remote_image(location));
    const auto found = parse_remote_image(location + "#handle", {});
    REQUIRE(found);
    CHECK(found->record.origin() == "http://images.example:9292");
    CHECK(found->record.target == "/v2/images/" + id);
    CHECK(found->file.target == "/v2/images/" + id + "/file");
    CHECK(found->token_handle == "handle");
  }
  const auto behind = parse_remote_image(remote_image_location("https://cloud.example/image", id), {});
  REQUIRE(behind);
  CHECK(behind->record.target == "/image/v2/images/" + id);
  CHECK(behind->token_handle.empty());
}

TEST_CASE("a region that the catalog does not know is told as such, and odd URLs of a catalog are refused") {
  const auto location = remote_image_location("", id);
  CHECK(is_remote_image(location));
  const auto unknown = parse_remote_image(location, {});
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == error_code::source_unreachable);
  CHECK(unknown.error().message.find("glance_region") != std::string::npos);
  for (const auto* endpoint : {"ftp://images.example", "http://user:key@images.example", "http://127.1", "images"})
    CHECK_FALSE(parse_remote_image(remote_image_location(endpoint, id), {}));
}

TEST_CASE("nobody can ask for an image at another Glance by its location") {
  for (const auto& location :
       {remote_image_location("http://images.example:9292", id), remote_image_location("", id)}) {
    const auto refused = normalised_location(location, {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == error_code::scheme_not_allowed);
  }
}

TEST_CASE("what a guest needs is taken over from another Glance, and nothing else") {
  const auto taken = taken_from_remote(R"({"status": "active", "id": "x", "name": "n", "visibility": "public",
      "disk_format": "raw", "container_format": "bare", "protected": true, "owner": "o", "speed": "88mph",
      "hw_cpu_cores": "5", "trait:STORAGE_DISK_SSD": "required", "os_distro": "rhel", "os_secure_boot": "required",
      "os_type": "linux", "os_hidden": false, "os_hash_algo": "sha512", "os_hash_value": "00FF", "checksum": "ab", "hw_odd": 5, "os_glance_import_task": "t"})");
  REQUIRE(taken);
  CHECK(taken->digests == std::vector<expected_checksum>{{"sha512", "00ff"}, {"md5", "ab"}});
  CHECK(taken->properties == named{{"container_format", "bare"},
                                   {"hw_cpu_cores", "5"},
                                   {"trait:STORAGE_DISK_SSD", "required"},
                                   {"os_distro", "rhel"},
                                   {"os_secure_boot", "required"},
                                   {"os_type", "linux"}});
  const auto odd = taken_from_remote(R"({"status": "active", "container_format": "docker", "os_hash_algo": 5,
      "os_hash_value": "00", "checksum": "xy", "hw_a": ")" +
                                     std::string(70'000, 'x') + R"("})");
  REQUIRE(odd);
  CHECK(odd->properties.empty());
  CHECK(odd->digests.empty());
}

TEST_CASE("another Glance gives an image no more properties than it may have") {
  std::string body = R"({"status": "active")";
  for (int n = 0; n < 300; ++n)
    body += R"(, "hw_)" + std::to_string(n) + R"(": "x")";
  const auto taken = taken_from_remote(body + "}");
  REQUIRE(taken);
  CHECK(taken->properties.size() == 128);
}

TEST_CASE("an answer that is no image, or an image without bytes, is refused") {
  for (const auto* body : {"", "[]", "{}", "null", R"({"status": 1})", "<html>"}) {
    const auto refused = taken_from_remote(body);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == error_code::source_protocol);
  }
  const auto queued = taken_from_remote(R"({"status": "queued"})");
  REQUIRE_FALSE(queued);
  CHECK(queued.error().code == error_code::source_status);
}

TEST_CASE("what came with the bytes takes the place of what was said of the image") {
  image subject;
  subject.status = image_status::importing;
  subject.properties.container_format = "ovf";
  subject.properties.extra = {{"hw_cpu_cores", "1"}, {"mine", "stays"}};
  image_transition move;
  move.from = {image_status::importing};
  move.to = image_status::active;
  auto& facts = move.facts.emplace();
  facts.disk_format = "raw";
  facts.described = {{"container_format", "bare"}, {"hw_cpu_cores", "5"}};
  REQUIRE(apply(move, subject));
  CHECK(subject.properties.disk_format == "raw");
  CHECK(subject.properties.container_format == "bare");
  CHECK(subject.properties.extra == decltype(subject.properties.extra){{"hw_cpu_cores", "5"}, {"mine", "stays"}});
  REQUIRE(subject.facts);
  CHECK(subject.facts->described.empty());

  for (int i = 0; subject.properties.extra.size() < most_extra_properties; ++i)
    subject.properties.extra.emplace("own" + std::to_string(i), "x");
  subject.properties.extra.emplace("os_glance_failed_import", "");  // the service's own do not count
  subject.status = image_status::importing;
  facts.described = {{"hw_cpu_cores", "6"}};
  auto same = subject;
  CHECK(apply(move, same));
  facts.described = {{"hw_cpu_cores", "6"}, {"hw_disk_bus", "virtio"}};
  const auto over = apply(move, subject);
  REQUIRE_FALSE(over);
  CHECK(over.error().code == error_code::quota_exceeded);
}
