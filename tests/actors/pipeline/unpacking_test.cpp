// SPDX-License-Identifier: Apache-2.0
#include <zlib.h>

#include "tests/actors/pipeline/pipeline_fixture.hpp"

using namespace sluice;
using namespace sluice::test;
using schemas::error_code;

namespace {

std::shared_ptr<const bytes> gzipped(const bytes& content) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 1, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  auto packed = std::make_shared<bytes>(deflateBound(&stream, content.size()));
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed->data());
  stream.avail_out = static_cast<uInt>(packed->size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed->resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

/// A disk of which the second half is empty.
std::shared_ptr<const bytes> half_empty_disk(std::size_t size) {
  auto made = std::make_shared<bytes>(*raw_disk(size));
  std::fill(made->begin() + static_cast<std::ptrdiff_t>(size / 2), made->end(), std::byte{0});
  return made;
}

struct unpacking_fixture : pipeline_fixture {
  unpacking_fixture() { options.verify.unpack = {"gzip"}; }
};

}  // namespace

TEST_CASE("no order leaves anything behind, however much is done between two looks at the gate") {
  const auto content = half_empty_disk(block * 3 + 512);
  const auto packed = gzipped(*content);
  const std::size_t look = GENERATE(37, 4096, 100'000, 128 << 10, 256 << 10);
  const std::size_t chunk = GENERATE(5000, 256 << 10);
  using actors::verification::packaging::packing;
  actors::verification::packaging::unpacking_limits limits;
  limits.most_output = content->size();
  limits.most_ratio = 2000;
  actors::unpack_lane lane{packing::gzip, limits, {}};
  bytes all, room(block);
  for (std::size_t at = 0; at < packed->size();) {
    const auto count = std::min({chunk, packed->size() - at, lane.room().size()});
    std::copy_n(packed->begin() + static_cast<std::ptrdiff_t>(at), count, lane.room().begin());
    lane.received(count);
    at += count;
    do {
      lane.aim(room);
      for (std::size_t done = 0; done < room.size(); done += look)
        REQUIRE(lane.consume(std::span{room}.subspan(done, std::min(look, room.size() - done))));
      all.insert(all.end(), room.begin(), room.begin() + static_cast<std::ptrdiff_t>(lane.produced()));
    } while (lane.has_work());
  }
  REQUIRE(lane.finish());
  CHECK((all == *content));
}

TEST_CASE_METHOD(unpacking_fixture,
                 "a packed image is stored as what is inside, and progress counts what was received") {
  const auto size = GENERATE(std::size_t{4096}, block, block * 9 + 512, block * 40);
  const auto content = half_empty_disk(size);
  const auto packed = gzipped(*content);
  auto attempt = serving(packed);
  attempt.announces = GENERATE(true, false);
  attempt.chunk = GENERATE(std::size_t{999}, std::size_t{1} << 20);
  sources.play({attempt});
  const auto what = record();
  const auto outcome = run(what);
  check_complete(outcome, *content, what.id);
  REQUIRE(outcome.facts);
  CHECK(outcome.facts->unpacked_from == "gzip");
  CHECK(outcome.facts->disk_format == "raw");
  CHECK(progress->bytes == packed->size());
  CHECK(checkpoints_of(what.id).empty());
  check_all_returned();
}

TEST_CASE_METHOD(unpacking_fixture, "expected size and checksum are those of the bytes as received") {
  const auto content = half_empty_disk(block * 5 + 512);
  const auto packed = gzipped(*content);
  sources.play({serving(packed)});
  auto what = record();
  const std::string algorithm = GENERATE("sha256", "sha512");
  auto& checksum = what.request.expect.checksums.emplace_back();
  checksum.algorithm = algorithm;
  SECTION("right") {
    what.request.expect.size = packed->size();
    checksum.value = digest_of(algorithm.c_str(), *packed);
    check_complete(run(what), *content, what.id);
  }
  SECTION("the checksum of the image") {
    checksum.value = digest_of(algorithm.c_str(), *content);
    CHECK(failure_of(what).code == error_code::checksum_mismatch);
  }
  SECTION("the size of the image") {
    what.request.expect.size = content->size();
    CHECK(failure_of(what).code == error_code::size_mismatch);
  }
}

TEST_CASE_METHOD(unpacking_fixture, "a lost connection goes on in the middle of what is packed") {
  const auto content = half_empty_disk(block * 20);
  const auto packed = gzipped(*content);
  auto first = serving(packed);
  first.fail_at = 5000;
  auto second = serving(packed);
  second.fail_at = block * 3 + 77;
  sources.play({first, second, serving(packed)});
  const auto what = record();
  check_complete(run(what), *content, what.id);
  CHECK(sources.log->given == packed->size());
  check_all_returned();
}

TEST_CASE_METHOD(unpacking_fixture, "a source that changed while it was unpacked gives a wholly new image") {
  const auto old_packed = gzipped(*half_empty_disk(block * 20));
  const auto content = raw_disk(block * 6 + 512, 2);
  auto first = serving(old_packed);
  first.fail_at = block * 4 + 100;
  auto second = serving(GENERATE(true, false) ? gzipped(*content) : content);
  second.validator = "\"v2\"";
  sources.play({first, second});
  const auto what = record();
  const auto outcome = run(what);
  check_complete(outcome, *content, what.id);
  CHECK(outcome.facts->unpacked_from == (second.content == content ? "" : "gzip"));
  check_all_returned();
}

TEST_CASE_METHOD(unpacking_fixture,
                 "a packed import that is stopped keeps no checkpoint, and its next run starts over") {
  const auto content = half_empty_disk(block * 20);
  const auto packed = gzipped(*content);
  auto first = serving(packed);
  first.stall_at = block * 4 + 100;
  sources.play({first, serving(packed)});
  const auto what = record();
  std::promise<void> stalled;
  sources.log->on_bytes = [&, told = false](const std::string&, std::uint64_t at) mutable {
    if (at >= block * 4 + 100 && !std::exchange(told, true))
      stalled.set_value();
  };
  auto end = start(what);
  REQUIRE(stalled.get_future().wait_for(patience) == std::future_status::ready);
  running().stop(what.id);
  const auto stopped = wait(end);
  CHECK_FALSE(stopped.facts);
  CHECK_FALSE(stopped.why);
  CHECK(checkpoints_of(what.id).empty());
  check_all_returned();
  sources.log->on_bytes = nullptr;
  check_complete(run(what), *content, what.id);
  CHECK(sources.log->opened().back().offset == 0);
}

TEST_CASE_METHOD(unpacking_fixture, "what is packed badly is refused and leaves nothing behind") {
  const auto packed = gzipped(*half_empty_disk(block * 20));
  auto bad = std::make_shared<bytes>(*packed);
  error_code expected = error_code::unpacking_failed;
  SECTION("cut off") {
    bad->resize(bad->size() - 3);
  }
  SECTION("damaged") {
    (*bad)[bad->size() / 2] ^= std::byte{0x55};
    (*bad)[bad->size() - 5] ^= std::byte{0x55};
  }
  SECTION("something behind it") {
    bad->push_back(std::byte{7});
  }
  SECTION("packed twice") {
    bad = std::make_shared<bytes>(*gzipped(*packed));
  }
  SECTION("too large an image") {
    options.imports.max_image_size = block * 20 - 1;
    expected = error_code::image_too_large;
  }
  SECTION("nothing that is an image") {
    bad = std::make_shared<bytes>(*gzipped(bytes(block * 8, std::byte{'a'})));
    expected = error_code::not_an_image;
  }
  SECTION("nothing at all") {
    bad = std::make_shared<bytes>(*gzipped({}));
    expected = error_code::not_an_image;
  }
  sources.play({serving(bad)});
  const auto why = failure_of(record());
  INFO(why.message);
  CHECK(why.code == expected);
  CHECK(blobs->staged_ids().empty());
  check_all_returned();
}

TEST_CASE_METHOD(unpacking_fixture, "what the operator does not let be unpacked is refused for what it is") {
  options.verify.unpack = {"xz", "ova"};
  sources.play({serving(gzipped(*half_empty_disk(block * 3)))});
  const auto why = failure_of(record());
  CHECK(why.code == error_code::not_an_image);
  CHECK_THAT(why.message, Catch::Contains("gzip archive"));
}

TEST_CASE_METHOD(unpacking_fixture, "many packed imports share a pool that is too small for all") {
  options.blocks = 4;
  const auto content = half_empty_disk(block * 12 + 512);
  sources.play({serving(gzipped(*content))});
  std::vector<std::future<actors::import_outcome>> ends;
  std::vector<schemas::image_import> records;
  for (int index = 0; index < 6; ++index) {
    records.push_back(record("11111111-2222-4333-8444-55555555555" + std::to_string(index)));
    ends.push_back(start(records.back()));
  }
  for (std::size_t index = 0; index < ends.size(); ++index)
    check_complete(wait(ends[index]), *content, records[index].id);
  check_all_returned();
}
