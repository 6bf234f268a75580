// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "http/client/http_source.hpp"
#include "tests/hostile/source/hostile_source.hpp"
#include "tests/support/temporary_directory.hpp"

/// What the tests of http_source share: an event loop on the test's own thread, a configuration that lets loopback
/// through, and a download that ends in words.
namespace sluice::http {

/// Runs `work` to its end on this thread.
template <class Value>
Value run(boost::asio::io_context& loop, boost::asio::awaitable<Value> work) {
  std::optional<Value> out;
  std::exception_ptr thrown;
  boost::asio::co_spawn(loop, std::move(work), [&](std::exception_ptr fault, Value value) {
    thrown = fault;
    out.emplace(std::move(value));
  });
  loop.restart();
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (!out && loop.run_one_until(give_up) > 0) {
  }
  REQUIRE(out);
  if (thrown)
    std::rethrow_exception(thrown);
  return std::move(*out);
}

/// A file that lives as long as this object.
class temporary_file {
 public:
  explicit temporary_file(const std::string& content) {
    std::ofstream file{path_};
    file << content << std::flush;
    REQUIRE(file);
  }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  tests::temporary_directory folder_;
  std::filesystem::path path_ = folder_ / "file";
};

[[nodiscard]] inline schemas::sources_configuration loopback_sources() {
  // One authority instead of the system's hundred: they take most of a short test's time to read.
  static const temporary_file authority{hostile::certificate_authority{}.pem()};
  schemas::sources_configuration out;
  out.ca_file = authority.path();
  out.ports = {};
  out.allow_networks = {"127.0.0.0/8", "::1/128"};
  return out;
}

/// A wait that a test means to see pass, as short as a busy machine allows.
constexpr std::chrono::milliseconds short_wait{150};

struct download {
  std::optional<actors::source_failure> why;  ///< set when it failed, while opening or while reading
  actors::source_offer offer;
  std::string body;

  [[nodiscard]] schemas::error_code code() const { return why ? why->why.code : schemas::error_code::none; }
  [[nodiscard]] std::string message() const { return why ? why->why.message : std::string{}; }
};

inline boost::asio::awaitable<download> read_all(actors::byte_source& source, std::uint64_t offset,
                                                 std::string validator, std::size_t block) {
  download out;
  auto opened = co_await source.open(offset, std::move(validator));
  if (!opened) {
    out.why = std::move(opened.error());
    co_return out;
  }
  out.offer = *opened;
  std::vector<std::byte> bytes(block);
  const std::span<std::byte> into{bytes};
  for (;;) {
    auto got = co_await source.read_some(into);
    if (!got) {
      out.why = std::move(got.error());
      co_return out;
    }
    if (*got == 0)
      co_return out;
    out.body.append(reinterpret_cast<const char*>(bytes.data()), *got);
  }
}

struct fetching {
  boost::asio::io_context loop{1};
  schemas::sources_configuration sources = loopback_sources();
  fetch_limits limits;
  hostile::hostile_source server;

  fetching() = default;
  explicit fetching(hostile::hostile_options options) : server{std::move(options)} {}

  [[nodiscard]] download get(const std::string& url, std::uint64_t offset = 0, std::string validator = {},
                             std::size_t block = 4096) {
    http_source_factory factory{sources, limits};
    const auto source = factory.create(loop.get_executor(), url);
    return run(loop, read_all(*source, offset, std::move(validator), block));
  }
  /// Plays `bytes` to whoever asks, and asks.
  [[nodiscard]] download answered(std::string bytes) {
    server.play({hostile::answer_with(std::move(bytes))});
    return get(server.url());
  }
};

}  // namespace sluice::http
