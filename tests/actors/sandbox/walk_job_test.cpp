// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/sandbox/walk_job.hpp"

#include <random>

#include "actors/verification/sandbox/keeper_messages.hpp"
#include "tests/actors/sandbox/running.hpp"

using namespace sluice;
using namespace sluice::actors::verification;
using schemas::error_code;

namespace {

std::string report_of(std::uint64_t code, const std::string& words) {
  return sandbox::message_writer{sandbox::keeper_word::ended}.number(code).text(words).bytes();
}

}  // namespace

TEST_CASE("a walk in the sandbox says of an image what the walk says of it") {
  sandbox::process_sandbox processes{{}};
  structure::walk_policy policy;
  auto job = tests::job_of(std::string{sandbox::walk_function}, sandbox::encode_walk("qcow2", policy));
  job.image = tests::file_of(std::string("QFI\xfb") + std::string(1020, '\0'));
  const auto outcome = tests::outcome_of(processes, std::move(job));
  REQUIRE(outcome.end == sandbox::sandbox_end::finished);
  const auto judged = sandbox::decode_walk_report(outcome.report);
  REQUIRE_FALSE(judged);
  CHECK(judged.error().code != error_code::verifier_failed);
  CHECK_FALSE(judged.error().message.empty());
}

TEST_CASE("every format's walk does without the calls that kill it") {
  sandbox::process_sandbox processes{{}};
  for (const auto* const format :
       {"qcow2", "qed", "vdi", "vmdk", "vhd", "vhdx", "raw", "iso", "luks", "ami", "aki", "ari"}) {
    INFO(format);
    auto job = tests::job_of(std::string{sandbox::walk_function}, sandbox::encode_walk(format, {}));
    job.image = tests::file_of(std::string(2 << 20, '\0'));
    const auto outcome = tests::outcome_of(processes, std::move(job));
    CHECK(outcome.end == sandbox::sandbox_end::finished);
    CHECK(outcome.status == 0);
  }
}

TEST_CASE("a report that no walk could have written is a failure of the check, never a verdict") {
  using namespace std::string_literals;
  const auto code = [](error_code of) { return static_cast<std::uint64_t>(of); };
  for (const auto& words :
       {""s, "x"s, std::string(8, '\xff'), report_of(code(error_code::cancelled), "no"),
        report_of(code(error_code::not_found), "no"), report_of(255, "no"), report_of(1ULL << 40, "no"),
        report_of(code(error_code::image_corrupt), "no") + "more", report_of(0, "qcow2")}) {
    const auto read = sandbox::decode_walk_report(words);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == error_code::verifier_failed);
  }
  const auto refused = sandbox::decode_walk_report(report_of(code(error_code::image_corrupt), "two\nlines\x1b[2J"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == error_code::image_corrupt);
  CHECK(refused.error().message == "two lines[2J");
  const auto long_words =
      sandbox::decode_walk_report(report_of(code(error_code::image_corrupt), std::string(60000, 'x')));
  CHECK(long_words.error().message.size() < 3000);
}

TEST_CASE("random bytes as a report crash nobody") {
  std::mt19937 random{1};
  for (int round = 0; round < 20000; ++round) {
    std::string bytes(random() % 96, '\0');
    for (auto& byte : bytes)
      byte = static_cast<char>(random() % 4 == 0 ? random() : 0);
    (void)sandbox::decode_walk_report(bytes);
  }
}
