// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/checks/command_check.hpp"

#include <fcntl.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include <spdlog/spdlog.h>

#include "schemas/json_value.hpp"
#include "schemas/json_writing.hpp"
#include "schemas/text.hpp"

namespace sluice::actors {

using schemas::check_verdict;
using schemas::error_code;
using schemas::failure;
using verification::sandbox::sandbox_end;
using verification::sandbox::sandbox_outcome;

namespace {

constexpr int contract_version = 1;
constexpr std::size_t most_remarks = 16;
constexpr std::size_t longest_words = 500;  ///< code points

/// A text of the program's as it may be shown: one line, capped.
std::string shown(std::string_view text) {
  auto line = schemas::one_line(text);
  std::size_t points = 0;
  for (std::size_t at = 0; at < line.size(); ++at)
    if ((static_cast<unsigned char>(line[at]) & 0xC0) != 0x80 && ++points > longest_words) {
      line.resize(at);
      line += "…";
      break;
    }
  return line;
}

check_report no_verdict(const std::string& what, const schemas::verify_command& command) {
  check_report report;
  report.verdict = check_verdict::failed;
  report.why = failure{error_code::verifier_failed, "The verifier '" + command.name + "' came to no verdict: it " +
                                                        what + ". Try again; if it stays, tell the operator."};
  report.tolerated = command.accept_on_failure;
  if (report.tolerated)
    report.remarks.emplace_back("The operator lets images in that this verifier could not judge.");
  return report;
}

/// The remarks of a verdict; nothing when they are no list of strings.
std::optional<std::vector<std::string>> remarks_of(const schemas::json_value& document) {
  std::vector<std::string> remarks;
  const auto* const given = document.find("remarks");
  if (given == nullptr)
    return remarks;
  const auto* const list = given->as_array();
  if (list == nullptr)
    return std::nullopt;
  for (const auto& element : *list) {
    if (element.as_string() == nullptr)
      return std::nullopt;
    if (remarks.size() < most_remarks)
      remarks.push_back(shown(*element.as_string()));
  }
  return remarks;
}

check_report report_of_verdict(std::string_view bytes, const schemas::verify_command& command) {
  schemas::json_limits limits;
  limits.bytes = verification::sandbox::most_report;
  const auto document = schemas::parse_json(bytes, limits);
  const auto* const verdict = document ? document->find("verdict") : nullptr;
  const auto* const word = verdict == nullptr ? nullptr : verdict->as_string();
  const auto* const message = word == nullptr ? nullptr : document->find("message");
  const bool has_words = message == nullptr || message->as_string() != nullptr;
  auto remarks = word == nullptr ? std::nullopt : remarks_of(*document);
  if (!remarks || !has_words || (*word != "accept" && *word != "refuse"))
    return no_verdict("wrote something that is no verdict", command);
  check_report report;
  report.remarks = std::move(*remarks);
  if (*word == "accept") {
    report.verdict = check_verdict::passed;
    return report;
  }
  report.verdict = check_verdict::refused;
  const auto words = message == nullptr ? std::string{} : shown(*message->as_string());
  report.why = failure{error_code::verifier_refused,
                       "The verifier '" + command.name + "' refused the image" + (words.empty() ? "." : ": " + words)};
  return report;
}

}  // namespace

command_check::command_check(verification::sandbox::sandbox_runner& sandbox, schemas::verify_command command)
    : sandbox_{sandbox}, command_{std::move(command)} {}

bool command_check::concerns(const verification_request& about) const {
  const auto& formats = command_.formats;
  return !about.converted && (formats.empty() || std::ranges::find(formats, about.disk_format) != formats.end());
}

std::string command_input(const verification_request& about, const schemas::verify_command& command) {
  schemas::json_writer document{
      {"version", contract_version}, {"verifier", command.name},           {"format", about.disk_format},
      {"size", about.size},          {"virtual_size", about.virtual_size}, {"import_id", about.import_id},
      {"image_id", about.image_id},  {"project_id", about.project_id},
  };
  document["limits"] = {{"processor_seconds", std::chrono::duration<double>(command.time).count()},
                        {"seconds", std::chrono::duration<double>(command.time * command_check::patience).count()},
                        {"memory", command.memory},
                        {"verdict", verification::sandbox::most_report}};
  return schemas::written(document) + '\n';
}

check_report report_of_command(const sandbox_outcome& outcome, const schemas::verify_command& command) {
  switch (outcome.end) {
    case sandbox_end::finished:
      if (outcome.status != 0)
        return no_verdict(describe(outcome), command);
      if (outcome.report_cut)
        return no_verdict("wrote more than a verdict may have", command);
      return report_of_verdict(outcome.report, command);
    case sandbox_end::cancelled: {
      check_report report;
      report.why = failure{error_code::cancelled, "The verification was cancelled."};
      return report;
    }
    case sandbox_end::crashed:
    case sandbox_end::out_of_processor_time:
    case sandbox_end::out_of_wall_time:
    case sandbox_end::lost:
    case sandbox_end::not_started: break;
  }
  return no_verdict(describe(outcome), command);
}

std::function<void()> command_check::start(const judged_image& image, std::function<void(check_report)> on_end) {
  verification::sandbox::sandbox_job job;
  job.command.push_back(command_.program.native());
  job.command.insert(job.command.end(), command_.arguments.begin(), command_.arguments.end());
  job.readable = command_.readable;
  job.readable.push_back(command_.program.native());
  job.input = command_input(image.about, command_);
  job.limits.memory = command_.memory;
  job.limits.processor_time = command_.time;
  job.limits.wall_time = command_.time * patience;
  job.limits.processes = most_processes;
  job.image.reset(::fcntl(image.file->get(), F_DUPFD_CLOEXEC, 0));
  if (!job.image) {
    on_end(report_of_command(sandbox_outcome{}, command_));
    return [] {};
  }
  const auto ticket = sandbox_.run(std::move(job), [command = command_, id = image.about.import_id,
                                                    on_end = std::move(on_end)](const sandbox_outcome& outcome) {
    auto report = report_of_command(outcome, command);
    if (report.verdict == check_verdict::failed && outcome.end != sandbox_end::cancelled)
      spdlog::warn("verifier came to no verdict task={} check={} how=\"{}\" processor_ms={} complaint=\"{}\"", id,
                   command.name, describe(outcome),
                   std::chrono::duration_cast<std::chrono::milliseconds>(outcome.processor_time).count(),
                   shown(outcome.complaint));
    on_end(std::move(report));
  });
  return [&sandbox = sandbox_, ticket] { sandbox.cancel(ticket); };
}

}  // namespace sluice::actors
