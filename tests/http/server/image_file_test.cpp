// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <thread>

#include "tests/http/server/api_fixture.hpp"

namespace sluice::http {
namespace {

/// Bytes in which any shift or repetition shows.
std::string counted_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 1;
  for (auto& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

constexpr std::size_t large = (9 << 20) + 12345;

TEST_CASE("the bytes of an image come whole and unchanged, as Nova wants them") {
  api_fixture service;
  const auto bytes = counted_bytes(large);
  const auto image = service.put_image(1, "a", bytes);
  raw_client client{service.endpoint()};
  const auto answer = client.ask("GET", "/v2/images/" + image.id + "/file", project_a);
  CHECK(answer.status == 200);
  CHECK(answer.field("content-type") == "application/octet-stream");
  CHECK(answer.field("content-length") == std::to_string(large));
  CHECK(answer.field("content-md5") == image.facts->md5);
  CHECK(answer.field("content-disposition") == "attachment");
  CHECK(answer.field("etag") == "\"" + image.facts->os_hash_value + "\"");
  CHECK(answer.field("accept-ranges") == "bytes");
  CHECK((answer.body == bytes));
  CHECK(client.ask("GET", "/healthcheck").body == "OK");  // the connection goes on
  const auto head = client.ask("HEAD", "/v2/images/" + image.id + "/file", project_a);
  CHECK(head.status == 200);
  CHECK(head.field("content-length") == std::to_string(large));
  CHECK(client.ask("GET", "/healthcheck").body == "OK");
}

TEST_CASE("one range is served, by the validator the client has") {
  api_fixture service;
  const auto bytes = counted_bytes(100'000);
  const auto image = service.put_image(1, "a", bytes);
  const auto part = [&](const std::string& fields) {
    return service.ask("GET", "/v2/images/" + image.id + "/file", project_a + fields);
  };
  const auto middle = part("Range: bytes=10-19\r\n");
  CHECK(middle.status == 206);
  CHECK(middle.body == bytes.substr(10, 10));
  CHECK(middle.field("content-range") == "bytes 10-19/100000");
  CHECK(part("Range: bytes=-5\r\n").body == bytes.substr(99'995));
  CHECK(part("Range: bytes=99990-\r\n").body == bytes.substr(99'990));
  const auto beyond = part("Range: bytes=100000-\r\n");
  CHECK(beyond.status == 416);
  CHECK(beyond.field("content-range") == "bytes */100000");
  CHECK(part("Range: bytes=0-1,4-5\r\n").status == 400);
  CHECK(part("Range: bytes=0-1\r\nRange: bytes=4-5\r\n").status == 400);
  CHECK(part("Range: bytes=0-1\r\nIf-Range: \"" + image.facts->os_hash_value + "\"\r\n").status == 206);
  CHECK(part("Range: bytes=0-1\r\nIf-Range: \"other\"\r\n").status == 200);
  CHECK(part("Range: bytes=0-1\r\nIf-Range: Tue, 15 Nov 1994 08:12:31 GMT\r\n").status == 200);
}

TEST_CASE("an image without bytes is 204, one whose file is gone is absent, one whose file disagrees is not served") {
  api_fixture service;
  const auto empty = service.put_image(1, "a", "").id;
  CHECK(service.ask("GET", "/v2/images/" + empty + "/file").status == 204);
  const auto gone = service.put_image(2, "a", "bytes").id;
  std::filesystem::remove(service.directory / "images" / gone);
  CHECK(service.ask("GET", "/v2/images/" + gone + "/file").status == 404);
  const auto shorter = service.put_image(3, "a", "bytes").id;
  std::filesystem::resize_file(service.directory / "images" / shorter, 2);
  CHECK(service.ask("GET", "/v2/images/" + shorter + "/file").status == 500);
}

TEST_CASE("a reader who goes away in mid-body costs nobody anything") {
  api_fixture service;
  const auto bytes = counted_bytes(large);
  const auto image = service.put_image(1, "a", bytes);
  for (int i = 0; i < 4; ++i) {
    raw_client leaver{service.endpoint(), 65536};
    leaver.send("GET /v2/images/" + image.id + "/file HTTP/1.1\r\nHost: h\r\n" + project_a + "\r\n");
    CHECK(leaver.read_head().starts_with("HTTP/1.1 200"));
  }
  CHECK((service.ask("GET", "/v2/images/" + image.id + "/file").body == bytes));
  service.api->stop(std::chrono::seconds{60});
  CHECK(service.signals.pressure.in_hand == 0);
  CHECK(service.signals.pressure.file_answers == 0);
}

TEST_CASE("a reader who takes nothing for the stall deadline is dropped") {
  server_limits limits;
  limits.stall_deadline = std::chrono::milliseconds{100};
  api_fixture service{limits};
  const auto image = service.put_image(1, "a", counted_bytes(large));
  raw_client stalled{service.endpoint(), 65536};
  stalled.send("GET /v2/images/" + image.id + "/file HTTP/1.1\r\nHost: h\r\n" + project_a + "\r\n");
  CHECK(stalled.read_head().starts_with("HTTP/1.1 200"));
  service.api->stop(std::chrono::seconds{60});  // returns because the answer was given up, not because it was cut
  CHECK(service.signals.pressure.file_answers == 0);
}

TEST_CASE("a stop lets a running download finish, and cuts what outlasts the grace period") {
  api_fixture service;
  const auto bytes = counted_bytes(large);
  const auto image = service.put_image(1, "a", bytes);
  raw_client reader{service.endpoint(), 65536};
  reader.send("GET /v2/images/" + image.id + "/file HTTP/1.1\r\nHost: h\r\n" + project_a + "\r\n");
  SECTION("it finishes") {
    const auto head = reader.read_head();
    std::thread stopping{[&] { service.api->stop(std::chrono::seconds{120}); }};
    const auto got = reader.read_rest();
    stopping.join();
    CHECK((got == bytes));
  }
  SECTION("it is cut") {
    const auto head = reader.read_head();
    service.api->stop(std::chrono::milliseconds{0});
    CHECK(reader.read_rest().size() < bytes.size());
  }
}

TEST_CASE("an image deleted while it is read is read to its end") {
  api_fixture service;
  const auto bytes = counted_bytes(large);
  const auto image = service.put_image(1, "a", bytes);
  raw_client reader{service.endpoint(), 65536};
  reader.send("GET /v2/images/" + image.id + "/file HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + project_a + "\r\n");
  const auto head = reader.read_head();
  std::filesystem::remove(service.directory / "images" / image.id);
  CHECK((reader.read_rest() == bytes));
}

}  // namespace
}  // namespace sluice::http
