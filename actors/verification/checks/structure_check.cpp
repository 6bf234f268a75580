// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/checks/structure_check.hpp"

#include <fcntl.h>

#include <utility>

#include <spdlog/spdlog.h>

#include "actors/verification/sandbox/keeper.hpp"
#include "actors/verification/sandbox/walk_job.hpp"

namespace sluice::actors {

using schemas::check_verdict;
using schemas::error_code;
using schemas::failure;
using verification::sandbox::sandbox_end;
using verification::sandbox::sandbox_outcome;

namespace {

check_report refused(error_code code, std::string words) {
  check_report report;
  report.verdict = check_verdict::refused;
  report.why = failure{code, std::move(words)};
  return report;
}

check_report failed(error_code code, std::string words) {
  auto report = refused(code, std::move(words));
  report.verdict = check_verdict::failed;
  return report;
}

check_report too_complex(std::string_view what, std::string_view setting) {
  return refused(error_code::too_complex, "The image's tables need more " + std::string{what} +
                                              " to be followed than the operator allows for one image ([verify] " +
                                              std::string{setting} +
                                              "). Write it afresh with qemu-img convert and try again.");
}

check_report said(std::string_view words) {
  auto findings = verification::sandbox::decode_walk_report(words);
  if (!findings) {
    const auto& why = findings.error();
    const bool is_ours = why.code == error_code::verifier_failed || why.code == error_code::store_failed;
    return is_ours ? failed(why.code, why.message) : refused(why.code, why.message);
  }
  check_report report;
  report.verdict = check_verdict::passed;
  report.virtual_size = findings->virtual_size;
  report.allocated = findings->allocated;
  report.remarks = std::move(findings->remarks);
  return report;
}

}  // namespace

check_report report_of_walk(const sandbox_outcome& outcome) {
  switch (outcome.end) {
    case sandbox_end::finished:
      if (outcome.status == 0 && !outcome.report_cut)
        return said(outcome.report);
      if (outcome.status == verification::sandbox::out_of_memory)
        return too_complex("memory", "memory");
      break;
    case sandbox_end::out_of_processor_time: return too_complex("time", "time");
    case sandbox_end::crashed: break;
    case sandbox_end::out_of_wall_time:
      return failed(error_code::verifier_failed,
                    "The image could not be judged in time: the service is busy. Try again later.");
    case sandbox_end::cancelled: return failed(error_code::cancelled, "The verification was cancelled.");
    case sandbox_end::lost:
    case sandbox_end::not_started:
      return failed(error_code::verifier_failed,
                    "The image could not be judged: the service could not run the check. Try again; if it stays, tell "
                    "the operator.");
  }
  return failed(error_code::verifier_failed,
                "The image could not be judged: what follows its tables " + describe(outcome) +
                    ". Write it afresh with qemu-img convert and try again; if it stays, tell the operator.");
}

namespace {

verification::sandbox::sandbox_limits limits_for(const schemas::verify_configuration& bounds, std::uint64_t size) {
  verification::sandbox::sandbox_limits limits;
  limits.memory = bounds.memory;
  limits.processor_time = bounds.time + std::chrono::seconds{size / structure_check::bytes_a_second};
  limits.wall_time = limits.processor_time * structure_check::patience;
  return limits;
}

verification::structure::walk_policy policy_for(const schemas::verify_configuration& bounds,
                                                const verification::sandbox::sandbox_limits& limits) {
  verification::structure::walk_policy policy;
  policy.memory = bounds.memory;
  policy.accept_dirty = bounds.accept_dirty;
  policy.accept_trailing_bytes = bounds.accept_trailing_bytes;
  // The processor time is what counts, and the kernel counts it; how long it waited says nothing about the image.
  policy.time = limits.wall_time;
  return policy;
}

}  // namespace

structure_check::structure_check(verification::sandbox::sandbox_runner& sandbox,
                                 const schemas::verify_configuration& bounds)
    : sandbox_{sandbox}, bounds_{bounds} {}

std::function<void()> structure_check::start(const judged_image& image, std::function<void(check_report)> on_end) {
  if (verification::structure::walk_of(image.about.disk_format) == nullptr) {
    check_report report;
    report.verdict = check_verdict::passed;
    report.remarks.emplace_back("Only the headers of this format are judged, not its tables.");
    on_end(std::move(report));
    return [] {};
  }
  verification::sandbox::sandbox_job job;
  job.built_in = verification::sandbox::walk_function;
  job.limits = limits_for(bounds_, image.about.size);
  auto policy = policy_for(bounds_, job.limits);
  policy.max_virtual_size = image.about.max_virtual_size;
  job.input = verification::sandbox::encode_walk(image.about.disk_format, policy);
  job.image.reset(::fcntl(image.file->get(), F_DUPFD_CLOEXEC, 0));
  if (!job.image) {
    on_end(report_of_walk(sandbox_outcome{}));
    return [] {};
  }
  const auto ticket = sandbox_.run(
      std::move(job), [id = image.about.import_id, on_end = std::move(on_end)](const sandbox_outcome& outcome) {
        if (outcome.end != sandbox_end::finished && outcome.end != sandbox_end::cancelled)
          spdlog::warn("walk did not finish task={} how=\"{}\" processor_ms={} peak_memory={}", id, describe(outcome),
                       std::chrono::duration_cast<std::chrono::milliseconds>(outcome.processor_time).count(),
                       outcome.peak_memory);
        on_end(report_of_walk(outcome));
      });
  return [&sandbox = sandbox_, ticket] { sandbox.cancel(ticket); };
}

}  // namespace sluice::actors
