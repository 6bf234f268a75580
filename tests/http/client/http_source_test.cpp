// SPDX-License-Identifier: Apache-2.0
#include "http/client/http_source.hpp"

#include <cstdlib>

#include <boost/asio/ip/tcp.hpp>

#include "tests/http/client/fetching.hpp"

using namespace sluice::http;
using namespace sluice::hostile;
using sluice::schemas::error_code;
using namespace std::chrono_literals;

namespace {

std::string blob(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    out[i] = static_cast<char>((i * 2654435761U) >> 13);
  return out;
}

std::string hexadecimal(std::size_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%zx", number);
  return text;
}

std::string chunked(const std::string& body, std::size_t chunk) {
  std::string out;
  for (std::size_t at = 0; at < body.size(); at += chunk) {
    const auto part = body.substr(at, chunk);
    out += hexadecimal(part.size()) + "\r\n" + part + "\r\n";
  }
  return out + "0\r\n\r\n";
}

}  // namespace

TEST_CASE("a body with a length arrives byte for byte") {
  fetching test;
  const auto body = blob(300'000);
  const std::size_t block = GENERATE(1000U, 4096U, 262'144U);
  test.server.play({answer_with("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\nETag: \"v1\"\r\n\r\n" + body)});
  const auto got = test.get(test.server.url(), 0, {}, block);
  REQUIRE(got.message() == "");
  CHECK(got.offer.offset == 0);
  CHECK(got.offer.total == 300'000U);
  CHECK(got.offer.validator == "\"v1\"");
  CHECK(got.body == body);
}

TEST_CASE("a chunked body arrives byte for byte") {
  fetching test;
  const auto body = blob(200'000);
  const std::size_t chunk = GENERATE(7U, 1000U, 65'536U, 200'000U);
  const std::size_t block = GENERATE(1000U, 262'144U);
  test.server.play({answer_with("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body, chunk))});
  const auto got = test.get(test.server.url(), 0, {}, block);
  REQUIRE(got.message() == "");
  CHECK_FALSE(got.offer.total);
  CHECK(got.body == body);
}

TEST_CASE("an empty body is complete at once") {
  fetching test;
  const auto* const framing = GENERATE("Content-Length: 0\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  const auto got = test.answered("HTTP/1.1 200 OK\r\n" + std::string{framing});
  CHECK(got.message() == "");
  CHECK(got.body.empty());
}

TEST_CASE("a body is read to its end and no further") {
  fetching test;
  const auto got = test.answered("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more");
  CHECK(got.message() == "");
  CHECK(got.body == "hello");
}

TEST_CASE("interim answers are skipped, but not without end") {
  fetching test;
  const std::string hint = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  CHECK(test.answered(hint + hint + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").body == "ok");
  std::string many;
  for (int i = 0; i < 100; ++i)
    many += hint;
  CHECK(test.answered(many + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").code() == error_code::source_protocol);
}

TEST_CASE("a header that comes byte by byte is understood") {
  fetching test;
  test.server.play({{await_request{}, dribble{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 1ms}}});
  CHECK(test.get(test.server.url()).body == "abc");
}

TEST_CASE("the request says what is wanted and nothing about who wants it") {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  ::setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
  fetching test;
  test.server.play({answer_with("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")});
  CHECK(test.get(test.server.url("/a%20b/c?d=e&f")).message() == "");
  ::unsetenv("http_proxy");
  ::unsetenv("ALL_PROXY");
  REQUIRE(test.server.requests().size() == 1);
  CHECK(test.server.requests().front() ==
        "GET /a%20b/c?d=e&f HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(test.server.port()) +
            "\r\nUser-Agent: sluice/0.1\r\nAccept: */*\r\nAccept-Encoding: identity\r\n"
            "Connection: close\r\n\r\n");
}

TEST_CASE("an answer that is not the image fails with its status and the location without its query") {
  fetching test;
  const int status = GENERATE(201, 204, 206, 300, 304, 400, 401, 403, 404, 410, 412, 416, 501, 999);
  CAPTURE(status);
  test.server.play({answer_with("HTTP/1.1 " + std::to_string(status) +
                                " secret-banner\r\nX: secret\r\nContent-Length: 6\r\n\r\nsecret")});
  const auto got = test.get(test.server.url("/image?token=secret"));
  REQUIRE(got.why);
  CHECK_FALSE(got.why->transient);
  CHECK(got.message().find("secret") == std::string::npos);
  if (status == 206) {
    CHECK(got.code() == error_code::source_protocol);
    return;
  }
  CHECK(got.code() == error_code::source_status);
  CHECK(got.message() == "Could not retrieve image. Received " + std::to_string(status) + " response for url '" +
                             test.server.url("/image") + "'");
}

TEST_CASE("statuses that pass with time are transient and carry Retry-After") {
  fetching test;
  const int status = GENERATE(408, 425, 429, 500, 502, 503, 504);
  CAPTURE(status);
  const auto got =
      test.answered("HTTP/1.1 " + std::to_string(status) + " x\r\nRetry-After: 17\r\nContent-Length: 0\r\n\r\n");
  REQUIRE(got.why);
  CHECK(got.code() == error_code::source_status);
  CHECK(got.why->transient);
  CHECK(got.why->retry_after == 17s);
}

TEST_CASE("a refused address, a closed port, an unknown name and a time-out read alike") {
  fetching test;
  std::vector<download> all;

  test.sources.allow_networks = {};
  all.push_back(test.get(test.server.url()));
  CHECK(test.server.connections() == 0);
  CHECK_FALSE(all.back().why->transient);

  test.sources = loopback_sources();
  boost::asio::io_context context;
  boost::asio::ip::tcp::acceptor bound{context};
  bound.open(boost::asio::ip::tcp::v4());
  bound.bind({boost::asio::ip::make_address("127.0.0.1"), 0});  // bound and not listening: nobody else can take it
  const auto closed = std::to_string(bound.local_endpoint().port());
  all.push_back(test.get("http://127.0.0.1:" + closed + "/image"));
  CHECK(all.back().why->transient);
  all.push_back(test.get("https://127.0.0.1:" + closed + "/image"));
  CHECK(all.back().why->transient);

  // A listening socket whose queue is full answers no one: the connection attempt times out.
  bound.listen(0);
  std::vector<boost::asio::ip::tcp::socket> fill;
  for (int i = 0; i < 8; ++i)
    fill.emplace_back(context).async_connect(bound.local_endpoint(), [](const boost::system::error_code&) {});
  context.poll();
  test.limits.connect_one = short_wait;
  all.push_back(test.get("http://127.0.0.1:" + closed + "/image"));
  CHECK(all.back().why->transient);

  all.push_back(test.get("http://no-such-host.invalid/image"));

  for (const auto& each : all) {
    CHECK(each.code() == error_code::source_unreachable);
    CHECK(each.message() == "Could not retrieve image. The source host could not be reached.");
  }
}

TEST_CASE("a location that is not allowed is refused before anything is asked") {
  fetching test;
  test.sources.ports = {80, 443};
  const auto got = test.get(test.server.url());
  CHECK(got.code() == error_code::port_not_allowed);
  CHECK_FALSE(got.why->transient);
  CHECK(test.get("file:///etc/passwd").code() == error_code::scheme_not_allowed);
  CHECK(test.server.connections() == 0);
}

TEST_CASE("a name that resolves to a refused address is refused") {
  fetching test;
  test.sources.allow_networks = {};
  const auto got = test.get("http://localhost:" + std::to_string(test.server.port()) + "/image");
  CHECK(got.code() == error_code::source_unreachable);
  CHECK(test.server.connections() == 0);
}

TEST_CASE("a name is resolved and sent in the Host field") {
  fetching test;
  const auto port = std::to_string(test.server.port());
  test.server.play({answer_with("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")});
  CHECK(test.get("http://localhost:" + port + "/image").body == "ok");
  REQUIRE(test.server.requests().size() == 1);
  CHECK(test.server.requests().front().find("Host: localhost:" + port + "\r\n") != std::string::npos);
}

TEST_CASE("an image is fetched over IPv6") {
  fetching test{hostile_options{"::1", {}, 0}};
  test.server.play({answer_with("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")});
  CHECK(test.get(test.server.url()).body == "ok");
  REQUIRE(test.server.requests().size() == 1);
  CHECK(test.server.requests().front().find("Host: [::1]:") != std::string::npos);
}

TEST_CASE("destroying a source closes its connection, also while it waits") {
  fetching test;
  const bool while_opening = GENERATE(true, false);
  CAPTURE(while_opening);
  const auto acts = while_opening
                        ? script{await_request{}, hang{}}
                        : script{await_request{}, say{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"}, hang{}};
  test.server.play({acts});

  http_source_factory factory{test.sources, test.limits};
  auto source = factory.create(test.loop.get_executor(), test.server.url());
  std::vector<std::byte> block(10);
  bool ended = false;
  const auto on_end = [&](std::exception_ptr, const auto& result) {
    CHECK_FALSE(result);
    ended = true;
  };
  if (while_opening) {
    boost::asio::co_spawn(test.loop, source->open(0, ""), on_end);
  } else {
    REQUIRE(run(test.loop, source->open(0, "")));
    boost::asio::co_spawn(test.loop, source->read_some(block), on_end);
  }
  while (test.server.requests().empty())
    test.loop.run_one_for(1ms);
  CHECK_FALSE(ended);
  source.reset();
  test.loop.restart();
  test.loop.run_for(10s);
  CHECK(ended);
  CHECK(test.server.wait_for_closed(1));
}

TEST_CASE("a source that is dropped in the middle of its body closes the connection") {
  fetching test;
  test.server.play({{await_request{}, say{"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n"},
                     flood{std::string(65'536, 'x')}}});
  http_source_factory factory{test.sources, test.limits};
  auto source = factory.create(test.loop.get_executor(), test.server.url());
  REQUIRE(run(test.loop, source->open(0, "")));
  std::vector<std::byte> block(65'536);
  REQUIRE(run(test.loop, source->read_some(block)));
  source.reset();
  CHECK(test.server.wait_for_closed(1));
}

TEST_CASE("reading before opening, or into nothing, is an error and no end of the body") {
  fetching test;
  http_source_factory factory{test.sources, test.limits};
  const auto source = factory.create(test.loop.get_executor(), test.server.url());
  std::vector<std::byte> block(10);
  CHECK_FALSE(run(test.loop, source->read_some(block)));
  test.server.play({answer_with("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")});
  REQUIRE(run(test.loop, source->open(0, "")));
  CHECK_FALSE(run(test.loop, source->read_some({})));
}

TEST_CASE("a wrong configuration is refused when the factory is made") {
  auto sources = loopback_sources();
  sources.allow_networks = {"everything"};
  CHECK_THROWS_WITH((http_source_factory{sources, fetch_limits{}}), Catch::Contains("sources.allow_networks"));
  sources = loopback_sources();
  sources.ca_file = "/nonexistent/ca.pem";
  CHECK_THROWS_WITH((http_source_factory{sources, fetch_limits{}}), Catch::Contains("sources.ca_file"));
}
