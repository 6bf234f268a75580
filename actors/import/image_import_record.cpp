// SPDX-License-Identifier: Apache-2.0
// How an image-import makes its moves durable; the transitions themselves are in image_import.cpp.
#include <algorithm>
#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>

#include "actors/import/image_import.hpp"
#include "actors/import/image_moves.hpp"
#include "actors/import/import_words.hpp"

namespace sluice::actors {

using schemas::failure;
using schemas::image_import_event;
using schemas::image_import_status;
using namespace std::chrono_literals;

namespace {

/// The image that a verified import becomes.
schemas::image image_from(const schemas::image_import& record, schemas::time_point now) {
  schemas::image image;
  image.id = record.image_id;
  image.owner = record.project_id;
  image.properties = record.request.properties;
  image.properties.disk_format = record.facts->disk_format;
  // The disk of an OVA is kept without the archive that was around it.
  if (!image.properties.container_format || record.facts->unpacked_from == "ova")
    image.properties.container_format = "bare";
  if (!image.properties.visibility)
    image.properties.visibility = "shared";
  image.status = schemas::image_status::active;
  image.facts = *record.facts;
  image.created_at = record.created_at;
  image.updated_at = now;
  return image;
}

}  // namespace

bool image_import_state::move(image_import_event event) {
  const auto to = schemas::next(record.status, event);
  if (!to) {
    spdlog::warn("transition refused task={} status={} event={}", record.id, to_string(record.status),
                 to_string(event));
    return false;
  }
  spdlog::info("transition task={} image={} project={} from={} to={} event={}", record.id, record.image_id,
               record.project_id, to_string(record.status), to_string(*to), to_string(event));
  count(event, *to);
  record.status = *to;
  return true;
}

void image_import_state::count(image_import_event event, image_import_status to) {
  const auto how = event == image_import_event::failed      ? phase_end::failed
                   : event == image_import_event::cancelled ? phase_end::cancelled
                                                            : phase_end::done;
  const auto now = std::chrono::steady_clock::now();
  around->metrics.phase_ended(record.status, how, now - phase_began);
  phase_began = now;
  if (schemas::is_final(to))
    around->metrics.import_ended(ending ? ending->code : schemas::error_code::none);
}

void image_import_state::persist(std::function<void()> then) {
  const bool fills = schemas::fills_an_image(record.origin);
  if (record.status == image_import_status::success)
    return push(std::move(then), fills ? std::optional{success_of(record)} : std::nullopt, [this](const failure& why) {
      record.status = image_import_status::verifying;
      record.expires_at.reset();
      end_badly(image_refused(why), image_import_event::failed);
    });
  if (record.status == image_import_status::failure && fills)
    // Where the image is gone, the import's own end is all there is to write.
    return push(then, failure_of(record), [this, then](const failure&) { push(then, std::nullopt, {}); });
  push(std::move(then), std::nullopt, {});
}

void image_import_state::persist_with(schemas::image_transition image, std::function<void()> then,
                                      std::function<void(const failure&)> refused) {
  push(std::move(then), std::move(image), std::move(refused));
}

void image_import_state::push(std::function<void()> then, std::optional<schemas::image_transition> image,
                              std::function<void(const failure&)> refused) {
  record.updated_at = around->clock.now();
  if (schemas::is_final(record.status))  // signatures, users and keys were for the fetch alone
    record.request.location = schemas::location_without_credentials(record.request.location);
  write next;
  next.changes.put_imports.push_back(record);
  if (record.status == image_import_status::success && !image)
    next.changes.put_images.push_back(image_from(record, record.updated_at));
  next.changes.project_quota = around->limits.project_quota;
  next.image = std::move(image);
  next.refused = std::move(refused);
  next.then = std::move(then);
  const bool replaces = writes.size() > 1 && !writes.back().then && !next.then;
  if (replaces)
    writes.back() = std::move(next);
  else
    writes.push_back(std::move(next));
  if (!writing)
    write_next();
}

void image_import_state::write_next() {
  if (writes.empty() || writing)
    return;
  writing = true;
  const auto& next = writes.front();
  const auto refused = [this](const caf::error& why) { on_write_refused(to_failure(why)); };
  if (next.image) {
    image_move both;
    both.transition = *next.image;
    both.put_imports = next.changes.put_imports;
    both.project_quota = next.changes.project_quota;
    self->request(around->images, commit_deadline, move_atom_v, std::move(both))
        .then([this](const schemas::image&) { on_written(); }, refused);
  } else {
    self->request(keeper, commit_deadline, commit_atom_v, next.changes)
        .then([this](done_atom) { on_written(); }, refused);
  }
}

void image_import_state::on_written() {
  writing = false;
  refused_writes = 0;
  const auto done = std::move(writes.front());
  writes.pop_front();
  if (done.then) {
    tell_watchers();
    done.then();
  }
  write_next();
  pause_when_idle();
}

void image_import_state::on_write_refused(const failure& why) {
  writing = false;
  using schemas::error_code;
  const bool not_this_image =
      why.code == error_code::not_found || why.code == error_code::conflict || why.code == error_code::quota_exceeded;
  if (writes.front().refused && not_this_image) {
    const auto refused = std::move(writes.front());
    writes.pop_front();
    spdlog::info("image not moved task={} image={} reason=\"{}\"", record.id, record.image_id, why.message);
    refused.refused(why);
    return write_next();
  }
  const auto delay = std::min<caf::timespan>(1s * (1u << std::min(refused_writes, 5u)), 30s);
  ++refused_writes;
  spdlog::error("record not written task={} attempt={} retry_in={}s reason=\"{}\"", record.id, refused_writes,
                std::chrono::duration_cast<std::chrono::seconds>(delay).count(), why.message);
  self->delayed_send(self, delay, retry_atom_v);
}

void image_import_state::tell_watchers() {
  ++version;
  for (auto& promise : std::exchange(watchers, {}))
    promise.deliver(version);
}

}  // namespace sluice::actors
