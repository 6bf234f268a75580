// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "actors/pipeline/digest_engine.hpp"
#include "tests/actors/pipeline/landings.hpp"
#include "tests/actors/pipeline/pipeline_fixture.hpp"

using namespace sluice;
using namespace sluice::test;
using namespace sluice::actors;

namespace {

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

const digest_engine_options four_threads{4};
const digest_engine_options two_threads{2};

}  // namespace

TEST_CASE("every lane of every import sees every block once and in order") {
  block_pool pool{96};
  auto landings = std::make_shared<landing_count>();
  std::vector<std::unique_ptr<recording_lane>> lanes;
  {
    digest_engine engine{four_threads};
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
    digest_engine engine{two_threads};
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

namespace {

/// A lane that may be grouped, and whose end is refused.
class refusing_pair final : public lane {
 public:
  schemas::result<void> consume(std::span<const std::byte> data) override {
    digest_.update(data);
    return {};
  }
  schemas::result<void> finish() override { return schemas::refuse(schemas::error_code::not_an_image, "no"); }
  paired_digest* groupable() noexcept override { return &digest_; }

 private:
  paired_digest digest_;
};

/// Keeps a thread of the engine busy until it is let go.
class held_lane final : public lane {
 public:
  schemas::result<void> consume(std::span<const std::byte>) override {
    entered.set_value();
    go.get_future().wait_for(patience);
    return {};
  }
  schemas::result<void> finish() override { return {}; }
  std::promise<void> entered;
  std::promise<void> go;
};

/// Submits `content` block by block, then the end.
void submit_all(digest_engine& engine, block_pool& pool, const std::shared_ptr<digest_stream>& stream,
                const std::shared_ptr<flight_observer>& observer, std::span<const std::byte> content) {
  const auto lanes = stream->lane_count();
  for (std::size_t at = 0; at < content.size(); at += block_pool::block_size) {
    auto block = take(pool);
    const auto piece = content.subspan(at, std::min(block_pool::block_size, content.size() - at));
    std::copy(piece.begin(), piece.end(), block.bytes().begin());
    engine.submit(stream, std::make_shared<block_flight>(observer, std::move(block), at, piece.size(), lanes));
  }
  engine.submit(stream, std::make_shared<block_flight>(observer, block_handle{}, content.size(), 0, lanes));
}

}  // namespace

TEST_CASE("imports that are hashed together have the digests of their own bytes, and fail alone") {
  if (!paired_digest::supported())
    return;
  constexpr std::size_t imports = 21;
  block_pool pool{imports * 3};
  const serving_pressure quiet;
  gate often{quiet};
  often.set_block(12 << 10);
  std::vector<std::shared_ptr<const bytes>> contents;
  std::vector<std::unique_ptr<paired_lane>> lanes;
  std::vector<std::shared_ptr<landing_count>> landings;
  refusing_pair refusing_end;
  recording_lane refusing_bytes;
  refusing_bytes.refuse_at = 1;
  held_lane held;
  {
    digest_engine engine{digest_engine_options{1, &often, true}};
    // While the one thread is held, all others become ready: they must be grouped.
    const auto holder = std::make_shared<landing_count>();
    const auto holding = std::make_shared<digest_stream>(std::vector<lane*>{&held});
    engine.submit(holding, std::make_shared<block_flight>(holder, take(pool), 0, 1, 1));
    REQUIRE(held.entered.get_future().wait_for(patience) == std::future_status::ready);
    for (std::size_t index = 0; index < imports; ++index) {
      contents.push_back(raw_disk(block_pool::block_size * (index % 3) + 1000 * index + 77, unsigned(index)));
      lanes.push_back(std::make_unique<paired_lane>());
      landings.push_back(std::make_shared<landing_count>());
      std::vector<lane*> own{lanes.back().get()};
      if (index == 3)
        own.push_back(&refusing_bytes);
      if (index == 5)
        own = {&refusing_end};
      submit_all(engine, pool, std::make_shared<digest_stream>(own), landings.back(), *contents.back());
    }
    held.go.set_value();
  }
  for (std::size_t index = 0; index < imports; ++index) {
    INFO("import " << index);
    landings[index]->wait_for((contents[index]->size() + block_pool::block_size - 1) / block_pool::block_size + 1);
    CHECK(landings[index]->failures.size() == (index == 3 || index == 5 ? 1 : 0));
    if (index == 5)
      continue;
    CHECK(lanes[index]->values().md5 == digest_of("md5", *contents[index]));
    CHECK(lanes[index]->values().sha512 == digest_of("sha512", *contents[index]));
  }
  CHECK(pool.free_count() == imports * 3);
}

TEST_CASE("hashing waits at the gate while serving has something in hand, and goes on all the same") {
  serving_pressure pressure;
  pressure.in_hand = 1;
  gate closed{pressure};
  block_pool pool{8};
  const auto content = raw_disk(3 * block_pool::block_size);
  digest_lane md5{"md5"};
  const auto landings = std::make_shared<landing_count>();
  {
    digest_engine engine{digest_engine_options{2, &closed, true}};
    submit_all(engine, pool, std::make_shared<digest_stream>(std::vector<lane*>{&md5}), landings, *content);
    landings->wait_for(4);
  }
  CHECK(md5.value() == digest_of("md5", *content));
  CHECK(closed.waits() == 3 * block_pool::block_size / closed.block());
}
