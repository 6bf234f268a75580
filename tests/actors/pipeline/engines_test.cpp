// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <condition_variable>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "actors/pipeline/digest_engine.hpp"
#include "actors/pipeline/store_engine.hpp"
#include "tests/actors/pipeline/pipeline_fixture.hpp"

using namespace sluice;
using namespace sluice::test;
using namespace sluice::actors;

namespace {

/// Counts what lands, and lets a test wait for it.
class landing_count final : public flight_observer {
 public:
  void flight_landed() noexcept override {
    const std::lock_guard guard{mutex_};
    ++landed_;
    changed_.notify_all();
  }
  void stage_failed(schemas::failure why) noexcept override {
    const std::lock_guard guard{mutex_};
    failures.push_back(std::move(why));
  }
  void wait_for(std::size_t count) {
    std::unique_lock lock{mutex_};
    REQUIRE(changed_.wait_for(lock, patience, [&] { return landed_ >= count; }));
  }
  std::vector<schemas::failure> failures;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t landed_ = 0;
};

/// Writes down what it sees, and whether two threads were ever in it at once.
class recording_lane final : public lane {
 public:
  schemas::result<void> consume(std::span<const std::byte> data) override {
    if (inside_.exchange(true))
      overlapped = true;
    seen.insert(seen.end(), data.begin(), data.begin() + 1);
    inside_ = false;
    if (refuse_at && seen.size() == *refuse_at)
      return schemas::refuse(schemas::error_code::not_an_image, "no");
    return {};
  }
  schemas::result<void> finish() override {
    finished = true;
    return {};
  }
  bytes seen;
  std::optional<std::size_t> refuse_at;
  std::atomic<bool> overlapped{false};
  bool finished = false;

 private:
  std::atomic<bool> inside_{false};
};

block_handle take(block_pool& pool) {
  boost::asio::io_context context;
  block_handle taken;
  const auto body = [&]() -> boost::asio::awaitable<void> { taken = co_await pool.acquire(); };
  boost::asio::co_spawn(context, body, boost::asio::detached);
  context.run();
  REQUIRE(taken);
  return taken;
}

}  // namespace

TEST_CASE("every lane of every import sees every block once and in order") {
  block_pool pool{96};
  auto landings = std::make_shared<landing_count>();
  std::vector<std::unique_ptr<recording_lane>> lanes;
  {
    digest_engine engine{4};
    std::vector<std::shared_ptr<digest_stream>> streams;
    for (int stream = 0; stream < 6; ++stream) {
      std::vector<lane*> own;
      for (int each = 0; each < 3; ++each)
        own.push_back(lanes.emplace_back(std::make_unique<recording_lane>()).get());
      streams.push_back(std::make_shared<digest_stream>(own));
    }
    for (std::size_t number = 0; number < 16; ++number)
      for (const auto& stream : streams) {
        auto block = take(pool);
        block.bytes()[0] = static_cast<std::byte>(number);
        engine.submit(stream, std::make_shared<block_flight>(landings, std::move(block), number, 1, 3));
      }
    for (const auto& stream : streams)
      engine.submit(stream, std::make_shared<block_flight>(landings, block_handle{}, 16, 0, 3));
    landings->wait_for(6 * 17);
  }
  for (const auto& each : lanes) {
    CHECK(each->seen.size() == 16);
    CHECK(std::is_sorted(each->seen.begin(), each->seen.end()));
    CHECK_FALSE(each->overlapped);
    CHECK(each->finished);
  }
  CHECK(pool.free_count() == 96);
}

TEST_CASE("a lane that refuses is given nothing more, and the blocks still come back") {
  block_pool pool{8};
  auto landings = std::make_shared<landing_count>();
  recording_lane refusing;
  recording_lane other;
  refusing.refuse_at = 2;
  {
    digest_engine engine{2};
    const auto stream = std::make_shared<digest_stream>(std::vector<lane*>{&refusing, &other});
    for (std::size_t number = 0; number < 6; ++number)
      engine.submit(stream, std::make_shared<block_flight>(landings, take(pool), number, 1, 2));
    landings->wait_for(6);
  }
  CHECK(refusing.seen.size() == 2);
  CHECK(other.seen.size() == 6);
  REQUIRE(landings->failures.size() == 1);
  CHECK(landings->failures[0].code == schemas::error_code::not_an_image);
  CHECK(pool.free_count() == 8);
}

TEST_CASE("digest lanes agree with OpenSSL in one go, whatever the chunks") {
  const auto content = raw_disk(100'003);
  for (const std::string algorithm : {"md5", "sha256", "sha512"}) {
    digest_lane tested{algorithm};
    std::mt19937 random{7};
    for (std::size_t at = 0; at < content->size();) {
      const auto count = std::min<std::size_t>(content->size() - at, random() % 5000);
      REQUIRE(tested.consume(std::span{*content}.subspan(at, count)));
      at += count;
    }
    REQUIRE(tested.finish());
    CHECK(tested.value() == digest_of(algorithm.c_str(), *content));
  }
  CHECK_THROWS(digest_lane{"no-such-digest"});
}

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
