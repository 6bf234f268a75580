// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/checks/command_check.hpp"

#include <fcntl.h>

#include <catch2/catch.hpp>

#include "schemas/json_value.hpp"

using namespace sluice;
using namespace std::chrono_literals;
using actors::verification::sandbox::sandbox_end;
using actors::verification::sandbox::sandbox_job;
using actors::verification::sandbox::sandbox_outcome;
using Catch::Matchers::Contains;
using schemas::check_verdict;
using schemas::error_code;

namespace {

schemas::verify_command scanner() {
  schemas::verify_command command;
  command.name = "scanner";
  command.program = "/usr/local/bin/scan";
  command.arguments = {"--deep", "a b"};
  command.readable = {"/srv/signatures"};
  command.time = 20s;
  command.memory = 64 << 20;
  return command;
}

actors::verification_request request() {
  actors::verification_request about;
  about.import_id = "11111111-1111-4111-8111-111111111111";
  about.image_id = "22222222-2222-4222-8222-222222222222";
  about.project_id = "p";
  about.disk_format = "qcow2";
  about.size = 1000;
  about.virtual_size = 5000;
  return about;
}

actors::check_report after(std::string report, int status = 0, bool cut = false) {
  sandbox_outcome outcome;
  outcome.end = sandbox_end::finished;
  outcome.status = status;
  outcome.report = std::move(report);
  outcome.report_cut = cut;
  return actors::report_of_command(outcome, scanner());
}

/// Remembers the job; the test says how it ends.
class manual_sandbox final : public actors::verification::sandbox::sandbox_runner {
 public:
  actors::verification::sandbox::sandbox_ticket run(sandbox_job given,
                                                    std::function<void(sandbox_outcome)> end) override {
    job = std::move(given);
    on_end = std::move(end);
    return 7;
  }
  void cancel(actors::verification::sandbox::sandbox_ticket ticket) override { cancelled = ticket; }
  sandbox_job job;
  std::function<void(sandbox_outcome)> on_end;
  actors::verification::sandbox::sandbox_ticket cancelled = 0;
};

}  // namespace

TEST_CASE("a program's verdict is its own: it accepts with remarks, or refuses with words that are shown") {
  const auto accepted = after(R"({"verdict":"accept","remarks":["seen\nall"],"of the future":1})");
  CHECK(accepted.verdict == check_verdict::passed);
  CHECK(accepted.remarks == std::vector<std::string>{"seen all"});
  const auto refused = after(R"({"verdict":"refuse","message":"A key\u0007 lies in it."})");
  CHECK(refused.verdict == check_verdict::refused);
  CHECK(refused.why.code == error_code::verifier_refused);
  CHECK(refused.why.message == "The verifier 'scanner' refused the image: A key lies in it.");
  CHECK(after(R"({"verdict":"refuse"})").why.message == "The verifier 'scanner' refused the image.");
}

TEST_CASE("what a program says is capped") {
  const auto long_words = after(R"({"verdict":"refuse","message":")" + std::string(5000, 'x') + "\"}");
  CHECK(long_words.why.message.size() < 600);
  std::string many = R"({"verdict":"accept","remarks":["x")";
  for (int i = 0; i < 200; ++i)
    many += ",\"x\"";
  CHECK(after(many + "]}").remarks.size() == 16);
}

TEST_CASE("only a whole verdict of a program that ended well counts; all else is a failure that names the verifier") {
  for (const auto* const words :
       {"", "ok", "[]", "{}", R"({"verdict":"maybe"})", R"({"verdict":1})", R"({"verdict":"accept"} {})",
        R"({"verdict":"accept","remarks":"one"})", R"({"verdict":"accept","remarks":[1]})",
        R"({"verdict":"refuse","message":[]})", "{\"verdict\":\"accept\",\"message\":\"\xff\"}"}) {
    INFO(words);
    const auto report = after(words);
    CHECK(report.verdict == check_verdict::failed);
    CHECK(report.why.code == error_code::verifier_failed);
    CHECK_THAT(report.why.message, Contains("'scanner'"));
    CHECK_FALSE(report.tolerated);
  }
  CHECK_THAT(after(R"({"verdict":"accept"})", 3).why.message, Contains("ended with status 3"));
  CHECK_THAT(after(R"({"verdict":"accept"})", 0, true).why.message, Contains("more than a verdict"));
  for (const auto end : {sandbox_end::crashed, sandbox_end::out_of_processor_time, sandbox_end::out_of_wall_time,
                         sandbox_end::lost, sandbox_end::not_started}) {
    sandbox_outcome outcome;
    outcome.end = end;
    outcome.status = 11;
    outcome.report = R"({"verdict":"accept"})";
    const auto report = actors::report_of_command(outcome, scanner());
    CHECK(report.verdict == check_verdict::failed);
    CHECK(report.why.code == error_code::verifier_failed);
  }
}

TEST_CASE("with on_failure = accept a verifier without a verdict is tolerated, one that refuses is not") {
  auto lenient = scanner();
  lenient.accept_on_failure = true;
  sandbox_outcome crashed;
  crashed.end = sandbox_end::crashed;
  const auto report = actors::report_of_command(crashed, lenient);
  CHECK(report.verdict == check_verdict::failed);
  CHECK(report.tolerated);
  CHECK(report.remarks.size() == 1);
  sandbox_outcome refused;
  refused.end = sandbox_end::finished;
  refused.report = R"({"verdict":"refuse"})";
  CHECK_FALSE(actors::report_of_command(refused, lenient).tolerated);
  sandbox_outcome cancelled;
  cancelled.end = sandbox_end::cancelled;
  CHECK_FALSE(actors::report_of_command(cancelled, lenient).tolerated);
  CHECK(actors::report_of_command(cancelled, lenient).why.code == error_code::cancelled);
}

TEST_CASE("a program is told what is known of the image, and gets the image, its arguments and its bounds") {
  manual_sandbox sandbox;
  actors::command_check check{sandbox, scanner()};
  actors::judged_image image;
  image.about = request();
  image.file = std::make_shared<const persistence::unique_fd>(::open("/dev/null", O_RDONLY));
  actors::check_report said;
  const auto cancel = check.start(image, [&](actors::check_report report) { said = std::move(report); });
  const auto& job = sandbox.job;
  CHECK(job.command == std::vector<std::string>{"/usr/local/bin/scan", "--deep", "a b"});
  CHECK(job.readable == std::vector<std::string>{"/srv/signatures", "/usr/local/bin/scan"});
  CHECK(job.image);
  CHECK_FALSE(job.output);
  CHECK(job.limits.processor_time == 20s);
  CHECK(job.limits.wall_time == 120s);
  CHECK(job.limits.memory == 64 << 20);
  CHECK(job.limits.output_size == 0);
  const auto told = schemas::parse_json(job.input);
  REQUIRE(told);
  CHECK(told->find("version")->as_number()->text == "1");
  CHECK(*told->find("format")->as_string() == "qcow2");
  CHECK(told->find("virtual_size")->as_number()->text == "5000");
  CHECK(*told->find("project_id")->as_string() == "p");
  CHECK(told->find("limits")->find("seconds")->as_number()->text == "120.0");
  cancel();
  CHECK(sandbox.cancelled == 7);
  sandbox_outcome outcome;
  outcome.end = sandbox_end::finished;
  outcome.report = R"({"verdict":"accept"})";
  sandbox.on_end(outcome);
  CHECK(said.verdict == check_verdict::passed);
}

TEST_CASE("a program sees the formats that it is for, and nothing that was made here") {
  manual_sandbox sandbox;
  auto command = scanner();
  auto about = request();
  CHECK(actors::command_check{sandbox, command}.concerns(about));
  command.formats = {"raw", "iso"};
  CHECK_FALSE(actors::command_check{sandbox, command}.concerns(about));
  about.disk_format = "iso";
  CHECK(actors::command_check{sandbox, command}.concerns(about));
  about.converted = true;
  CHECK_FALSE(actors::command_check{sandbox, command}.concerns(about));
}
