// SPDX-License-Identifier: Apache-2.0
#include "actors/pipeline/store_engine.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "tests/actors/pipeline/landings.hpp"
#include "tests/actors/pipeline/pipeline_fixture.hpp"

using namespace sluice;
using namespace sluice::test;
using namespace sluice::actors;

TEST_CASE_METHOD(pipeline_fixture, "the store writes blocks of several imports in order and tells their ends") {
  block_pool pool{32};
  auto landings = std::make_shared<landing_count>();
  const auto content = raw_disk(block_pool::block_size * 8 + 700);
  {
    store_engine engine;
    std::vector<std::shared_ptr<store_stream>> streams;
    for (const char* id : {"00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"}) {
      auto file = blobs->create_staged(id);
      REQUIRE(file);
      streams.push_back(std::make_shared<store_stream>(std::move(*file), 0));
    }
    for (std::size_t at = 0; at < content->size(); at += block_pool::block_size)
      for (const auto& stream : streams) {
        auto block = take(pool);
        const auto length = std::min(block_pool::block_size, content->size() - at);
        std::memcpy(block.bytes().data(), content->data() + at, length);
        engine.write(stream, std::make_shared<block_flight>(landings, std::move(block), at, length, 1));
      }
    landings->wait_for(18);
    for (const auto& stream : streams) {
      CHECK(stream->written() == content->size());
      REQUIRE(stream->file().sync(content->size()));
    }
  }
  CHECK(landings->failures.empty());
  CHECK((staged("00000000-0000-4000-8000-000000000001") == *content));
  CHECK((staged("00000000-0000-4000-8000-000000000002") == *content));
  CHECK(pool.free_count() == 32);
}

TEST_CASE("a job of the store comes back to the coroutine with its value or its exception") {
  store_engine engine;
  boost::asio::io_context context;
  int value = 0;
  bool thrown = false;
  const auto store_thread = [&] { return std::this_thread::get_id(); };
  std::thread::id ran_on;
  const auto body = [&]() -> boost::asio::awaitable<void> {
    auto where = engine.run(store_thread);
    ran_on = co_await std::move(where);
    auto answer = [] { return 42; };
    auto first = engine.run(answer);
    value = co_await std::move(first);
    auto broken = []() -> int { throw std::runtime_error{"broken"}; };
    auto second = engine.run(broken);
    try {
      co_await std::move(second);
    } catch (const std::runtime_error&) {
      thrown = true;
    }
  };
  boost::asio::co_spawn(context, body, boost::asio::detached);
  context.run();
  CHECK(value == 42);
  CHECK(thrown);
  CHECK(ran_on != std::thread::id{});
  CHECK(ran_on != std::this_thread::get_id());
}
