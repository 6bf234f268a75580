// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include "tests/http/server/api_fixture.hpp"

namespace sluice::http {
namespace {

using nlohmann::json;

server_limits impatient() {
  server_limits limits;
  limits.header_deadline = std::chrono::milliseconds{150};
  limits.body_deadline = std::chrono::milliseconds{150};
  limits.idle_deadline = std::chrono::milliseconds{150};
  limits.linger = std::chrono::milliseconds{150};
  return limits;
}

TEST_CASE("broken framing is answered once, as a problem, and the connection closed") {
  api_fixture service;
  struct row {
    int status;
    std::string bytes;
  };
  const std::string smuggled = "GET /healthcheck HTTP/1.1\r\nHost: h\r\n\r\n";
  const std::string start = "POST /v2/image-imports HTTP/1.1\r\nHost: h\r\n" + project_a;
  const std::vector<row> table{
      {400, "GET / HTTP/1.1\nHost: h\n\n"},
      {400, start + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled},
      {400, start + "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd" + smuggled},
      {400, start + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + smuggled},
      {400, start + "Transfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n" + smuggled},
      {400, start + "Transfer-Encoding: chunked\r\n\r\n-1\r\nab\r\n0\r\n\r\n" + smuggled},
      {400, start + "Transfer-Encoding: chunked\r\n\r\n0x2\r\nab\r\n0\r\n\r\n" + smuggled},
      {400, start + "Transfer-Encoding: chunked\r\n\r\n2\nab\r\n0\r\n\r\n" + smuggled},
      {400, start + "Transfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n" + smuggled},
      {400, start + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nab\r\n0\r\n\r\n" + smuggled},
      {413, start + "Content-Length: 70000\r\n\r\n"},
      {413, start + "Content-Length: 70000\r\nExpect: 100-continue\r\n\r\n"},
      {413, start + "Transfer-Encoding: chunked\r\n\r\nfffff\r\n" + std::string(70000, 'a')},
      {400, start + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(40000, 'x')},
      {414, "GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n"},
      {431, "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(20000, 'a') + "\r\n\r\n"},
      {431, "GET / HTTP/1.1\r\nHost: h\r\nX-OpenStack-Request-ID: req-" + std::string(70, 'a') + "\r\n\r\n"},
      {400, "GET /a%2fb HTTP/1.1\r\nHost: h\r\n\r\n"},
      {400, "GET /v2/../v2/images HTTP/1.1\r\nHost: h\r\n\r\n"},
      {405, "TRACE / HTTP/1.1\r\nHost: h\r\n\r\n"},
      {405, "CONNECT host:80 HTTP/1.1\r\nHost: h\r\n\r\n"},
      {501, "BREW / HTTP/1.1\r\nHost: h\r\n\r\n"},
      {505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
      {417, start + "Expect: the-unexpected\r\n\r\n"},
      {400, std::string{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\n", 13}},
  };
  for (const auto& each : table) {
    CAPTURE(each.bytes.substr(0, 200));
    raw_client client{service.endpoint()};
    client.send(each.bytes);
    const auto answer = client.read_reply();
    CHECK(answer.status == each.status);
    CHECK(answer.field("content-type") == "application/problem+json");
    CHECK(answer.field("connection") == "close");
    CHECK(answer.field("x-openstack-request-id").starts_with("req-"));
    CHECK(json::parse(answer.body).at("status") == each.status);
    CHECK(client.closed());
  }
}

TEST_CASE("requests on one connection are answered in order, also pipelined, until the client wants no more") {
  api_fixture service;
  raw_client client{service.endpoint()};
  client.send(
      "\r\nGET /healthcheck HTTP/1.1\r\nHost: h\r\n\r\n"
      "GET /versions HTTP/1.1\r\nHost: h\r\n\r\n"
      "GET /healthcheck HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  CHECK(client.read_reply().body == "OK");
  CHECK(json::parse(client.read_reply().body).contains("versions"));
  const auto last = client.read_reply();
  CHECK(last.body == "OK");
  CHECK(last.field("connection") == "close");
  CHECK(client.closed());
}

TEST_CASE("a request that arrives byte by byte is understood") {
  api_fixture service;
  raw_client client{service.endpoint()};
  for (const char byte : std::string{"GET /healthcheck HTTP/1.1\r\nHost: h\r\n\r\n"})
    client.send(std::string(1, byte));
  CHECK(client.read_reply().status == 200);
}

TEST_CASE("HTTP/1.0 is answered and closed, or kept when asked") {
  api_fixture service;
  raw_client client{service.endpoint()};
  client.send("GET /healthcheck HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(client.read_reply().field("connection") == "keep-alive");
  client.send("GET /healthcheck HTTP/1.0\r\n\r\n");
  CHECK(client.read_reply().status == 200);
  CHECK(client.closed());
}

TEST_CASE("a client that expects 100-continue is told to go on, and a chunked body is put together") {
  api_fixture service;
  raw_client client{service.endpoint()};
  const std::string start =
      "POST /v2/image-imports HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n" + project_a;
  client.send(start + "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK(client.read_reply().status == 100);
  client.send("1\r\n{\r\n3;a=b\r\nabc\r\n0\r\n\r\n");
  CHECK(client.read_reply().status == 400);  // the JSON is broken; the framing was not
  CHECK(client.ask("GET", "/healthcheck").status == 200);
}

TEST_CASE("HEAD is answered as GET, without the body") {
  api_fixture service;
  raw_client client{service.endpoint()};
  const auto got = client.ask("GET", "/healthcheck");
  const auto head = client.ask("HEAD", "/healthcheck");
  CHECK(head.field("content-length") == got.field("content-length"));
  CHECK(client.ask("GET", "/healthcheck").status == 200);
}

TEST_CASE("a slow sender is told so and closed, an idle one only closed") {
  api_fixture service{impatient()};
  raw_client slow{service.endpoint()};
  slow.send("GET / HTTP/1.1\r\nHost: h\r\nX: ");
  CHECK(slow.read_reply().status == 408);
  CHECK(slow.closed());
  raw_client slow_body{service.endpoint()};
  slow_body.send("POST /v2/image-imports HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc");
  CHECK(slow_body.read_reply().status == 408);
  CHECK(slow_body.closed());
  raw_client silent{service.endpoint()};
  CHECK(silent.closed());
  raw_client idle{service.endpoint()};
  CHECK(idle.ask("GET", "/healthcheck").status == 200);
  CHECK(idle.closed());
}

TEST_CASE("more connections than allowed are answered 503, and room comes back") {
  server_limits limits;
  limits.connections = 2;
  api_fixture service{limits};
  {
    raw_client first{service.endpoint()};
    raw_client second{service.endpoint()};
    CHECK(first.ask("GET", "/healthcheck").status == 200);
    CHECK(second.ask("GET", "/healthcheck").status == 200);
    raw_client third{service.endpoint()};
    const auto refused = third.read_reply();
    CHECK(refused.status == 503);
    CHECK(json::parse(refused.body).at("code") == "overloaded");
    CHECK(third.closed());
    first.send("GET /healthcheck HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    CHECK(first.read_reply().status == 200);
    CHECK(first.closed());
  }
  int status = 503;
  for (int attempt = 0; status == 503 && attempt < 10000; ++attempt) {
    raw_client again{service.endpoint()};
    again.send("GET /healthcheck HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto head = again.read_head();  // nothing when the refusal was overtaken by the reset
    status = head.empty() ? 503 : std::stoi(head.substr(9, 3));
  }
  CHECK(status == 200);
}

TEST_CASE("every answer carries its request's id, and only a well-formed one of the client's is repeated") {
  api_fixture service;
  raw_client client{service.endpoint()};
  const std::string good = "req-" + id_of(5);
  CHECK(client.ask("GET", "/healthcheck", "X-OpenStack-Request-ID: " + good + "\r\n").field("x-openstack-request-id") ==
        good);
  const auto other = client.ask("GET", "/healthcheck", "X-OpenStack-Request-ID: req-<script>\r\n");
  CHECK(other.field("x-openstack-request-id").size() == good.size());
  CHECK(other.field("x-content-type-options") == "nosniff");
  CHECK(other.field("server") == "sluice");
}

TEST_CASE("paths are normalised, methods listed, unknown resources absent") {
  api_fixture service;
  raw_client client{service.endpoint()};
  CHECK(client.ask("GET", "//v2//images", project_a).status == 200);
  CHECK(client.ask("GET", "http://other.example/v2/images", project_a).status == 200);
  CHECK(client.ask("GET", "/v2/nothing", project_a).status == 404);
  CHECK(client.ask("GET", "/v2/images/name%20of%20an%20image", project_a).status == 404);
  const auto wrong = client.ask("PUT", "/v2/images", project_a);
  CHECK(wrong.status == 405);
  CHECK(wrong.field("allow") == "GET, HEAD, POST");
  CHECK(client.ask("POST", "/v2/image-imports/" + id_of(1), project_a).field("allow") == "GET, HEAD, DELETE");
  CHECK(client.ask("GET", "/v2/images", project_a, "a body").status == 400);
}

TEST_CASE("the operator's port has nothing of the API") {
  api_fixture service;
  raw_client client{service.api->operator_endpoint()};
  CHECK(client.ask("GET", "/healthcheck").status == 200);
  CHECK(client.ask("GET", "/v2/images", project_a).status == 404);
}

}  // namespace
}  // namespace sluice::http
