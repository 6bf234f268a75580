// SPDX-License-Identifier: Apache-2.0
#include "http/client/name_resolver.hpp"

#include <memory>

#include <boost/asio/error.hpp>

#include "tests/http/client/fetching.hpp"

using namespace sluice::http;
using namespace std::chrono_literals;

namespace {

std::chrono::steady_clock::time_point in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

}  // namespace

TEST_CASE("an address literal needs no resolver") {
  boost::asio::io_context loop;
  name_resolver resolver{0};
  const auto text = GENERATE(as<std::string>{}, "192.0.2.7", "2001:db8::7");
  const auto got = run(loop, resolver.resolve(text, in(10s)));
  CHECK_FALSE(got.error);
  REQUIRE(got.addresses.size() == 1);
  CHECK(got.addresses.front().to_string() == text);
}

TEST_CASE("a name is resolved to its addresses") {
  boost::asio::io_context loop;
  name_resolver resolver{2};
  for (int i = 0; i < 20; ++i) {
    const auto got = run(loop, resolver.resolve("localhost", in(10s)));
    CHECK_FALSE(got.error);
    REQUIRE_FALSE(got.addresses.empty());
    CHECK(got.addresses.front().is_loopback());
  }
}

TEST_CASE("a name that does not exist is an error") {
  boost::asio::io_context loop;
  name_resolver resolver{1};
  const auto got = run(loop, resolver.resolve("no-such-host.invalid", in(20s)));
  CHECK(got.error);
  CHECK(got.addresses.empty());
}

TEST_CASE("a deadline that has passed ends the wait") {
  boost::asio::io_context loop;
  name_resolver resolver{0};  // nobody answers
  const auto got = run(loop, resolver.resolve("localhost", in(20ms)));
  CHECK(got.error == boost::asio::error::timed_out);
}

TEST_CASE("too many questions are refused, not queued without end") {
  boost::asio::io_context loop;
  name_resolver resolver{0, 1};
  int refused = 0;
  int ended = 0;
  for (int i = 0; i < 3; ++i)
    boost::asio::co_spawn(loop, resolver.resolve("localhost", in(50ms)),
                          [&](std::exception_ptr, const name_resolver::answer& got) {
                            ++ended;
                            refused += got.error == boost::asio::error::no_buffer_space ? 1 : 0;
                          });
  loop.run_for(20s);
  CHECK(ended == 3);
  CHECK(refused == 2);
}

TEST_CASE("an event loop may be destroyed while its questions are open") {
  // Nothing to check but that no thread touches what is gone: the sanitizers watch.
  for (int i = 0; i < 50; ++i) {
    auto resolver = std::make_unique<name_resolver>(4);
    {
      boost::asio::io_context loop;
      for (int question = 0; question < 4; ++question)
        boost::asio::co_spawn(loop, resolver->resolve("localhost", in(10s)),
                              [](std::exception_ptr, const name_resolver::answer&) {});
      loop.poll();
    }
    resolver.reset();
  }
  SUCCEED();
}
