// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/checks/clamav_check.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <future>

#include <catch2/catch.hpp>

#include "actors/verification/checks/clamd_stream.hpp"
#include "tests/support/fake_clamd.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace sluice;
using namespace std::chrono_literals;
using actors::clamd_answer;
using Catch::Matchers::Contains;
using schemas::check_verdict;
using schemas::error_code;
using tests::fake_clamd;

namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
constexpr std::chrono::seconds patience{60};

schemas::clamav_configuration clamd_at(const std::string& socket) {
  schemas::clamav_configuration clamd;
  clamd.socket = socket;
  return clamd;
}

/// A sparse file of `size` bytes with `words` at `offset`.
actors::judged_image image_with(const std::string& words, std::uint64_t offset, std::uint64_t size) {
  actors::judged_image image;
  persistence::unique_fd file{::memfd_create("image", MFD_CLOEXEC)};
  REQUIRE(::ftruncate(file.get(), static_cast<off_t>(size)) == 0);
  REQUIRE(::pwrite(file.get(), words.data(), words.size(), static_cast<off_t>(offset)) ==
          static_cast<ssize_t>(words.size()));
  image.about.import_id = "11111111-1111-4111-8111-111111111111";
  image.about.size = size;
  image.file = std::make_shared<const persistence::unique_fd>(std::move(file));
  return image;
}

struct pending_scan {
  std::future<actors::check_report> report;
  std::function<void()> cancel;
};
pending_scan begin(actors::clamav_check& check, const actors::judged_image& image) {
  auto promise = std::make_shared<std::promise<actors::check_report>>();
  pending_scan pending;
  pending.report = promise->get_future();
  pending.cancel =
      check.start(image, [promise](actors::check_report report) { promise->set_value(std::move(report)); });
  return pending;
}
actors::check_report finished(pending_scan& pending) {
  REQUIRE(pending.report.wait_for(patience) == std::future_status::ready);
  return pending.report.get();
}
actors::check_report scanned(const schemas::clamav_configuration& clamd, const actors::judged_image& image) {
  actors::clamav_check check{clamd};
  auto pending = begin(check, image);
  return finished(pending);
}

std::string finds(const std::string& bytes) {
  return bytes.find("something evil") == std::string::npos ? "stream: OK" : "stream: Evil.Test-1 FOUND";
}

}  // namespace

TEST_CASE("clamd's answers are understood, and nothing else is one") {
  using kind = clamd_answer::kind;
  CHECK(actors::read_clamd_answer("stream: OK").what == kind::clean);
  CHECK(actors::read_clamd_answer("stream: OK\n").what == kind::clean);
  const auto found = actors::read_clamd_answer("stream: Eicar-Test-Signature FOUND");
  CHECK(found.what == kind::found);
  CHECK(found.words == "Eicar-Test-Signature");
  CHECK(actors::read_clamd_answer("INSTREAM size limit exceeded. ERROR").what == kind::too_long);
  for (const auto* const words : {"", "OK then", "stream: Can't allocate memory ERROR", "UNKNOWN COMMAND"}) {
    INFO(words);
    CHECK(actors::read_clamd_answer(words).what == kind::broken);
  }
  CHECK(actors::read_clamd_answer(std::string(5000, 'x') + " FOUND").words.size() <= 200);
}

TEST_CASE("what clamd finds refuses the image by its name, and what it passes passes") {
  tests::temporary_directory folder;
  fake_clamd clamd{folder.path() / "clamd", finds};
  const auto refused = scanned(clamd_at(clamd.path()), image_with("something evil", 300'000, mebibyte));
  CHECK(refused.verdict == check_verdict::refused);
  CHECK(refused.why.code == error_code::verifier_refused);
  CHECK_THAT(refused.why.message, Contains("Evil.Test-1"));
  const auto passed = scanned(clamd_at(clamd.path()), image_with("something good", 300'000, mebibyte));
  CHECK(passed.verdict == check_verdict::passed);
  CHECK(passed.remarks.empty());
  REQUIRE(clamd.streams().size() == 2);
  CHECK(clamd.streams()[1].find("something good") != std::string::npos);
}

TEST_CASE("a long file is scanned in parts that overlap, and its holes are not") {
  tests::temporary_directory folder;
  fake_clamd clamd{folder.path() / "clamd", finds};
  auto configured = clamd_at(clamd.path());
  configured.max_stream = mebibyte;
  // Across the end of the first part.
  auto image = image_with("something evil", mebibyte - 7, 3 * mebibyte);
  REQUIRE(::pwrite(image.file->get(), "x", 1, 0) == 1);
  CHECK(scanned(configured, image).verdict == check_verdict::refused);
  for (const auto& stream : clamd.streams())
    CHECK(stream.size() <= mebibyte);
  const auto sparse = scanned(
      configured, image_with("something good", std::uint64_t{1} << 40, (std::uint64_t{1} << 40) + 4 * mebibyte));
  CHECK(sparse.verdict == check_verdict::passed);
  CHECK(clamd.streams().size() < 10);
  const auto two = scanned(configured, image_with(std::string(2 * mebibyte, 'a'), 0, 2 * mebibyte));
  CHECK(two.verdict == check_verdict::passed);
  REQUIRE(two.remarks.size() == 1);
  CHECK_THAT(two.remarks[0], Contains("3 parts"));
}

TEST_CASE("a clamd that is away, hangs up, takes less or says nothing fails the check, as the operator decides") {
  tests::temporary_directory folder;
  const auto image = image_with("words", 0, mebibyte);
  const auto away = scanned(clamd_at(folder.path() / "nobody"), image);
  CHECK(away.verdict == check_verdict::failed);
  CHECK(away.why.code == error_code::verifier_failed);
  CHECK_FALSE(away.tolerated);
  CHECK_THAT(away.why.message, Contains("could not be reached") && !Contains(folder.path().native()));
  auto lenient = clamd_at(folder.path() / "nobody");
  lenient.accept_on_failure = true;
  CHECK(scanned(lenient, image).tolerated);
  {
    fake_clamd clamd{folder.path() / "1", finds, fake_clamd::habit::hangs_up_at_once};
    CHECK_THAT(scanned(clamd_at(clamd.path()), image).why.message, Contains("hung up"));
  }
  {
    fake_clamd clamd{folder.path() / "2", finds, fake_clamd::habit::answers_early};
    CHECK_THAT(scanned(clamd_at(clamd.path()), image).why.message, Contains("StreamMaxLength"));
  }
  {
    fake_clamd clamd{folder.path() / "3", [](const std::string&) { return std::string{"stream: Broken ERROR"}; }};
    CHECK_THAT(scanned(clamd_at(clamd.path()), image).why.message, Contains("could not scan"));
  }
  {
    fake_clamd clamd{folder.path() / "4", finds, fake_clamd::habit::says_nothing};
    auto hasty = clamd_at(clamd.path());
    hasty.time = 50ms;
    CHECK_THAT(scanned(hasty, image).why.message, Contains("in time"));
  }
}

TEST_CASE("a scan that is cancelled ends although clamd says nothing, and so does all that waits when the check ends") {
  tests::temporary_directory folder;
  fake_clamd clamd{folder.path() / "clamd", finds, fake_clamd::habit::says_nothing};
  const auto image = image_with("words", 0, mebibyte);
  pending_scan running, waiting;
  {
    actors::clamav_check check{clamd_at(clamd.path())};
    auto first = begin(check, image);
    running = begin(check, image);
    waiting = begin(check, image);
    first.cancel();
    CHECK(finished(first).why.code == error_code::cancelled);
    first.cancel();
  }
  CHECK(finished(running).why.code == error_code::cancelled);
  CHECK(finished(waiting).why.code == error_code::cancelled);
}

TEST_CASE("clamd is reached over loopback too, and its being away is noticed there") {
  CHECK_THAT(scanned(clamd_at("127.0.0.1:1"), image_with("words", 0, mebibyte)).why.message,
             Contains("could not be reached") || Contains("hung up"));
}
