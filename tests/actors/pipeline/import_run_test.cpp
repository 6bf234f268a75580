// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <algorithm>

#include "tests/actors/pipeline/pipeline_fixture.hpp"

using namespace sluice;
using namespace sluice::test;
using schemas::error_code;

namespace {}  // namespace

TEST_CASE_METHOD(pipeline_fixture, "an import ends with the digests and the bytes of its source") {
  const auto size = GENERATE(std::size_t{1} << 20, block, block * 9 + 4096, block * 5 + 512 * 3 + 512, 64 << 10);
  const auto content = raw_disk(size);
  sources.play({serving(content)});
  const auto what = record();
  const auto outcome = run(what);
  check_complete(outcome, *content, what.id);
  REQUIRE(outcome.facts);
  CHECK(outcome.facts->disk_format == "raw");
  CHECK(outcome.facts->virtual_size == size);
  CHECK(outcome.facts->os_hash_algo == "sha512");
  CHECK(progress->bytes == size);
  CHECK(progress->total == size);
  check_all_returned();
}

TEST_CASE_METHOD(pipeline_fixture, "chunks of any size make the same image, and sha256 without md5 is a choice") {
  options.digests.md5 = false;
  options.digests.os_hash_algo = "sha256";
  const auto content = raw_disk(block * 2 + 512 * 7);
  auto attempt = serving(content);
  attempt.chunk = GENERATE(std::size_t{777}, std::size_t{1} << 20);
  attempt.announces = GENERATE(true, false);
  sources.play({attempt});
  const auto what = record();
  const auto outcome = run(what);
  REQUIRE(outcome.facts);
  CHECK(outcome.facts->md5.empty());
  CHECK(outcome.facts->os_hash_algo == "sha256");
  CHECK(outcome.facts->os_hash_value == digest_of("sha256", *content));
  CHECK((staged(what.id) == *content));
}

TEST_CASE_METHOD(pipeline_fixture, "attempts without progress are counted, and the last reason is told") {
  options.imports.retries = 3;
  auto attempt = serving(raw_disk(block * 2));
  SECTION("at the door") {
    attempt.refuse_open = actors::source_failure{
        schemas::failure{error_code::source_unreachable, "The source could not be reached."}, true};
  }
  SECTION("always at the same byte, starting over each time") {
    attempt.starts_over = true;
    attempt.fail_at = block + 5;
  }
  sources.play({attempt});
  const auto what = record();
  const auto why = failure_of(what);
  CHECK((why.code == error_code::source_unreachable || why.code == error_code::source_truncated));
  CHECK_THAT(why.message, Catch::Contains("4 attempts"));
  // The first attempt of the second section made progress, so one more is allowed.
  CHECK(sources.log->opened().size() >= 4);
  CHECK(sources.log->opened().size() <= 5);
  CHECK(blobs->staged_ids().empty());
  check_all_returned();
}

TEST_CASE_METHOD(pipeline_fixture, "a permanent fault ends the import at once") {
  auto attempt = serving(raw_disk(block * 2));
  attempt.refuse_open = actors::source_failure{
      schemas::failure{error_code::source_status, "Could not retrieve image. Received 404 response."}, false};
  sources.play({attempt});
  CHECK(failure_of(record()).code == error_code::source_status);
  CHECK(sources.log->opened().size() == 1);
  CHECK(blobs->staged_ids().empty());
  check_all_returned();
}

TEST_CASE_METHOD(pipeline_fixture, "a wrong size is found as soon as it can be") {
  const auto content = raw_disk(block * 8);
  auto attempt = serving(content);
  auto what = record();
  SECTION("announced") {
    what.request.expect.size = content->size() - 512;
    sources.play({attempt});
    CHECK(failure_of(what).code == error_code::size_mismatch);
    CHECK(sources.log->given == 0);
  }
  SECTION("more than expected, not announced") {
    attempt.announces = false;
    what.request.expect.size = block * 2;
    sources.play({attempt});
    CHECK(failure_of(what).code == error_code::size_mismatch);
    CHECK(sources.log->given == block * 2 + 1);
  }
  SECTION("less than expected, not announced") {
    attempt.announces = false;
    what.request.expect.size = block * 20;
    sources.play({attempt});
    CHECK(failure_of(what).code == error_code::size_mismatch);
  }
  SECTION("announced over the limit of the service") {
    options.imports.max_image_size = block * 3;
    sources.play({attempt});
    CHECK(failure_of(what).code == error_code::image_too_large);
    CHECK(sources.log->given == 0);
  }
  SECTION("over the limit, not announced") {
    options.imports.max_image_size = block * 3;
    attempt.announces = false;
    sources.play({attempt});
    CHECK(failure_of(what).code == error_code::image_too_large);
    CHECK(sources.log->given == block * 3 + 1);
  }
  SECTION("ends short of what it announced, again and again") {
    options.imports.retries = 2;
    attempt.end_at = block * 2 + 7;
    sources.play({attempt});
    CHECK(failure_of(what).code == error_code::source_truncated);
  }
  CHECK(blobs->staged_ids().empty());
  check_all_returned();
}

TEST_CASE_METHOD(pipeline_fixture, "the expected checksum decides, whichever of the lanes has it") {
  const auto content = raw_disk(block + 512);
  sources.play({serving(content)});
  auto what = record();
  const std::string algorithm = GENERATE("sha256", "sha512");
  const auto right = digest_of(algorithm.c_str(), *content);
  SECTION("right") {
    what.request.expect.checksums = {{algorithm, right}};
    check_complete(run(what), *content, what.id);
  }
  SECTION("wrong") {
    what.request.expect.checksums = {{algorithm, std::string(right.size(), '0')}};
    const auto why = failure_of(what);
    CHECK(why.code == error_code::checksum_mismatch);
    CHECK_THAT(why.message, Catch::Contains(right) && Catch::Contains(std::string(right.size(), '0')));
    CHECK(blobs->staged_ids().empty());
  }
}

TEST_CASE_METHOD(pipeline_fixture, "what is no image is refused within the first MiB received") {
  auto video = std::make_shared<bytes>(std::size_t{64} << 20, std::byte{0x5a});
  std::memcpy(video->data(),
              "\0\0\0\x18"
              "ftypmp42",
              12);
  sources.play({serving(video)});
  const auto why = failure_of(record());
  CHECK((why.code == error_code::raw_unrecognised || why.code == error_code::not_an_image));
  CHECK(sources.log->given <= std::uint64_t{1} << 20);
  CHECK(blobs->staged_ids().empty());
  check_all_returned();
}

TEST_CASE_METHOD(pipeline_fixture, "a full disk fails that import and leaves nothing") {
  reopen_blobs(std::uint64_t{1} << 60);
  auto attempt = serving(raw_disk(block * 2));
  attempt.announces = GENERATE(true, false);
  sources.play({attempt});
  CHECK(failure_of(record()).code == error_code::disk_full);
  CHECK(sources.log->given == 0);
  CHECK(blobs->staged_ids().empty());
  check_all_returned();
}

TEST_CASE_METHOD(pipeline_fixture, "the deadline ends an import, and its bytes are removed") {
  options.imports.deadline = std::chrono::milliseconds{20};
  auto attempt = serving(raw_disk(block * 4));
  attempt.stall_at = block * 2;
  sources.play({attempt});
  CHECK(failure_of(record()).code == error_code::deadline_exceeded);
  CHECK(blobs->staged_ids().empty());
  check_all_returned();
}

TEST_CASE_METHOD(pipeline_fixture, "a bug in a source ends that import alone") {
  auto attempt = serving(raw_disk(block * 4));
  attempt.throw_at = block + 1;
  sources.play({attempt});
  CHECK(failure_of(record()).code == error_code::internal_error);
  CHECK(blobs->staged_ids().empty());
  check_all_returned();
}

TEST_CASE_METHOD(pipeline_fixture, "regions of zeros take no room on the disk") {
  auto sparse = std::make_shared<bytes>(*raw_disk(block * 32));
  std::fill(sparse->begin() + block, sparse->end() - block, std::byte{0});
  sources.play({serving(sparse)});
  const auto what = record();
  check_complete(run(what), *sparse, what.id);
  struct stat seen {};
  auto file = blobs->open_staged(what.id);
  REQUIRE(file);
  REQUIRE(fstat(file->native_handle(), &seen) == 0);
  CHECK(static_cast<std::uint64_t>(seen.st_blocks) * 512 <= block * 4);
}
