// SPDX-License-Identifier: Apache-2.0
// The second half of an image-import: its staged bytes are judged, then published.
#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>

#include "actors/import/image_import.hpp"
#include "actors/mailbox.hpp"

namespace sluice::actors {

using schemas::error_code;
using schemas::failure;
using schemas::image_import_event;
using schemas::image_import_status;
using namespace std::chrono_literals;

namespace {

/// Checks see to their own deadlines, and how long a verification waits for its turn depends on the others; this is for
/// the case that nothing answers at all.
constexpr caf::timespan verification_deadline = 6h;

/// What a check says of what was made here is not the fault of what came.
failure made_unsound(const failure& why) {
  if (schemas::describe(why.code).retryable || why.code == error_code::cancelled)
    return why;
  return {error_code::conversion_failed, "What the image was converted to is not sound: " + why.message};
}

}  // namespace

void image_import_state::verify() {
  if (record.status != image_import_status::verifying || verification_runs || converting || publishing || ending)
    return;
  if (cancelling)
    return end_badly(*cancelling, image_import_event::cancelled);
  if (pausing)
    return pause_when_idle();
  if (!record.facts)
    return end_badly(failure{error_code::internal_error, "The record of this import is incomplete. Import again."},
                     image_import_event::failed);
  verification_runs = true;
  progress->phase = import_phase::verifying;
  progress->limited_by = import_limit::unknown;
  progress->bytes = record.facts->size;
  progress->total = record.facts->size;
  verification_request request;
  request.import_id = record.id;
  request.image_id = record.image_id;
  request.project_id = record.project_id;
  request.disk_format = record.facts->disk_format;
  request.size = record.facts->size;
  request.virtual_size = record.facts->virtual_size;
  request.max_virtual_size = around->limits.max_virtual_size;
  request.converted = record.facts->converted();
  self->request(around->verifier, verification_deadline, verify_atom_v, std::move(request))
      .then([this](const verification_report& report) { on_verified(report); },
            [this](const caf::error& lost) {
              verification_report report;
              report.why = to_failure(lost);
              on_verified(report);
            });
}

void image_import_state::on_verified(const verification_report& report) {
  verification_runs = false;
  if (record.status != image_import_status::verifying || ending)
    return;
  if (cancelling)
    return end_badly(*cancelling, image_import_event::cancelled);
  // A service that is about to stop verifies again at its next start: nothing is published half-way.
  if (pausing || report.why.code == error_code::service_stopping)
    return pause_when_idle();
  if (report.why.code == error_code::not_found)
    return fetch_again();
  // What was made by conversion is judged after what came, and both are told.
  if (!record.facts->converted())
    record.checks.clear();
  record.checks.insert(record.checks.end(), report.checks.begin(), report.checks.end());
  if (report.why.code != error_code::none)
    return end_badly(record.facts->converted() ? made_unsound(report.why) : report.why, image_import_event::failed);
  auto& facts = *record.facts;
  if (report.virtual_size != 0 && report.virtual_size != facts.virtual_size) {
    spdlog::warn("headers and tables differ task={} image={} disk_format={} virtual_size={} by_headers={}", record.id,
                 record.image_id, facts.disk_format, report.virtual_size, facts.virtual_size);
    facts.virtual_size = report.virtual_size;
  }
  if (!facts.converted() && around->converter != nullptr) {
    auto target = conversion_target();
    if (!target)
      return end_badly(std::move(target.error()), image_import_event::failed);
    if (!target->empty())
      return convert(std::move(*target), report.allocated);
  }
  release_slot();
  publish();
}

void image_import_state::fetch_again() {
  if (!move(image_import_event::source_restarted))
    return;
  // The staged bytes did not survive (a damaged disk).
  release_slot();
  record.facts.reset();
  record.checks.clear();
  record.durable_bytes = 0;
  persist([this] { enter_queue(); });
}

void image_import_state::publish() {
  publishing = true;
  progress->phase = import_phase::publishing;
  progress->bytes = record.facts ? record.facts->size : record.durable_bytes;
  progress->total = progress->bytes.load();
  const mailbox box{image_import_actor{self}};
  around->files.post([box, &blobs = around->blobs, staged = staged_name(), image_id = record.image_id] {
    const auto done = blobs.publish(staged, image_id);
    box.send(published_atom_v, done ? failure{error_code::none, ""} : done.error());
  });
}

void image_import_state::on_published(const failure& outcome) {
  publishing = false;
  if (record.status != image_import_status::verifying || ending)
    return;
  if (cancelling) {
    end_badly(*cancelling, image_import_event::cancelled);
  } else if (outcome.code == error_code::not_found) {
    fetch_again();
  } else if (outcome.code != error_code::none || !record.facts) {
    end_badly(outcome.code != error_code::none
                  ? outcome
                  : failure{error_code::internal_error, "The record of this import is incomplete. Import again."},
              image_import_event::failed);
  } else if (move(image_import_event::verified)) {
    record.expires_at = around->clock.now() + around->limits.result_ttl;
    persist([this] { finish(); });
  }
}

}  // namespace sluice::actors
