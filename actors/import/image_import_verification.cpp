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

}  // namespace

void image_import_state::verify() {
  if (record.status != image_import_status::verifying || verification_runs || publishing || ending)
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
  record.checks = report.checks;
  if (report.why.code != error_code::none)
    return end_badly(report.why, image_import_event::failed);
  auto& facts = *record.facts;
  if (report.virtual_size != 0 && report.virtual_size != facts.virtual_size) {
    spdlog::warn("headers and tables differ task={} image={} disk_format={} virtual_size={} by_headers={}", record.id,
                 record.image_id, facts.disk_format, report.virtual_size, facts.virtual_size);
    facts.virtual_size = report.virtual_size;
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
  around->files.post([box, &blobs = around->blobs, import_id = record.id, image_id = record.image_id] {
    const auto done = blobs.publish(import_id, image_id);
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
