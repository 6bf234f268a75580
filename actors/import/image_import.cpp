// SPDX-License-Identifier: Apache-2.0
#include "actors/import/image_import.hpp"

#include <utility>

#include <spdlog/spdlog.h>

#include "actors/admission/project_quota.hpp"
#include "actors/import/image_moves.hpp"
#include "actors/import/import_words.hpp"
#include "actors/mailbox.hpp"

namespace sluice::actors {

using schemas::error_code;
using schemas::failure;
using schemas::image_import_event;
using schemas::image_import_status;

image_import_actor::behavior_type image_import_state::make_behavior(schemas::image_import accepted,
                                                                    record_keeper_actor records, admission_actor slots,
                                                                    import_surroundings surroundings) {
  record = std::move(accepted);
  keeper = std::move(records);
  admission = std::move(slots);
  around = std::make_unique<import_surroundings>(surroundings);
  progress = around->progress.add(record.id);
  self->set_exit_handler([this](caf::exit_msg& stop) { on_exit(stop.reason); });
  take_up();
  return {
      [this](grant_atom) { on_grant(); },
      [this](checkpoint_atom, const import_checkpoint& point) { on_checkpoint(point); },
      [this](staged_atom, const schemas::content_facts& facts) { on_staged(facts); },
      [this](failed_atom, const failure& why) { on_failed(why); },
      [this](stopped_atom) { on_stopped(); },
      [this](published_atom, const failure& outcome) { on_published(outcome); },
      [this](freed_atom) { on_freed(); },
      [this](cancel_atom) {
        return on_cancel(failure{error_code::cancelled, "The import was cancelled by its owner."});
      },
      [this](remove_atom) {
        return on_cancel(failure{error_code::cancelled, "The image was deleted while it was imported."});
      },
      [this](release_atom, const schemas::image_import& wish) { return on_release(wish); },
      [this](tick_atom) { on_tick(); },
      [this](watch_atom, std::uint64_t seen) { return on_watch(seen); },
      [this](pause_atom) { return on_pause(); },
      [this](retry_atom) { write_next(); },
      [this](converted_atom, const schemas::failure& why, const schemas::content_facts& facts) {
        on_converted(conversion_outcome{why, facts});
      },
  };
}

void image_import_state::take_up() {
  phase_began = std::chrono::steady_clock::now();
  switch (record.status) {
    case image_import_status::waiting:
    case image_import_status::uploading:
      if (record.is_staged())
        hold();
      else if (is_pushed(record) && (around->uploads == nullptr || !around->uploads->find(record.id)))
        end_badly(failure{error_code::service_stopping,
                          "The service was restarted while the image was uploaded. Upload the image again."},
                  image_import_event::failed);
      else
        enter_queue();
      break;
    case image_import_status::verifying: verify(); break;
    case image_import_status::success:
    case image_import_status::failure: finish(); break;
  }
}

void image_import_state::enter_queue() {
  progress->phase = import_phase::waiting;
  progress->limited_by = import_limit::queue;
  progress->bytes = record.durable_bytes;
  progress->total = record.total.value_or(0);
  self->send(admission, enter_atom_v, record.id, record.project_id, caf::strong_actor_ptr{self->ctrl()});
}

void image_import_state::on_grant() {
  has_slot = true;
  if (cancelling || pausing || ending) {
    release_slot();
    return;
  }
  if (record.status == image_import_status::uploading) {
    start_pipeline();
  } else if (move(image_import_event::slot_granted)) {
    persist([this] { start_pipeline(); });
  } else {
    release_slot();
  }
}

void image_import_state::start_pipeline() {
  if (record.status != image_import_status::uploading || cancelling || pausing || ending || pipeline_runs)
    return;
  pipeline_runs = true;
  phase_began = std::chrono::steady_clock::now();
  const mailbox box{image_import_actor{self}};
  import_listener listener;
  listener.on_checkpoint = [box](const import_checkpoint& point) { box.send(checkpoint_atom_v, point); };
  listener.on_end = [box](const import_outcome& outcome) {
    if (outcome.facts)
      box.send(staged_atom_v, *outcome.facts);
    else if (outcome.why)
      box.send(failed_atom_v, *outcome.why);
    else
      box.send(stopped_atom_v);
  };
  import_job job;
  job.record = record;
  job.progress = progress;
  around->runner.start(std::move(job), std::move(listener));
}

void image_import_state::on_checkpoint(const import_checkpoint& point) {
  if (record.status != image_import_status::uploading || ending)
    return;
  if (point.durable_bytes > record.durable_bytes)
    around->metrics.imported_bytes.add(point.durable_bytes - record.durable_bytes);
  record.durable_bytes = point.durable_bytes;
  record.validator = point.validator;
  record.total = point.total;
  persist({});
}

void image_import_state::on_staged(const schemas::content_facts& facts) {
  pipeline_runs = false;
  if (cancelling) {
    on_stopped();
    return;
  }
  record.facts = facts;
  if (facts.size > record.durable_bytes)
    around->metrics.imported_bytes.add(facts.size - record.durable_bytes);
  record.durable_bytes = facts.size;
  record.total = facts.size;
  if (auto room = check_quota(around->records, around->limits, record.project_id, facts.size); !room)
    return end_badly(std::move(room.error()), image_import_event::failed);
  if (record.is_staged())
    return persist_with(
        staged_of(record), [this] { hold(); },
        [this](const failure& why) { end_badly(image_refused(why), image_import_event::failed); });
  if (move(image_import_event::bytes_complete))
    persist([this] { verify(); });
}

void image_import_state::on_failed(const failure& why) {
  pipeline_runs = false;
  if (cancelling)
    on_stopped();
  else
    end_badly(why, image_import_event::failed);
}

void image_import_state::on_stopped() {
  pipeline_runs = false;
  release_slot();
  if (cancelling)
    end_badly(*cancelling, image_import_event::cancelled);
  else if (pausing)
    pause_when_idle();
  else  // nobody asked for it: the runner is going away; the record continues at the next start
    spdlog::warn("import stopped unasked task={}", record.id);
}

caf::result<done_atom> image_import_state::on_cancel(failure why) {
  auto promise = self->make_response_promise<done_atom>();
  cancellers.push_back(promise);
  if (!cancelling && !schemas::is_final(record.status) && !ending) {
    cancelling = std::move(why);
    if (pipeline_runs)
      around->runner.stop(record.id);
    else if (verification_runs)
      self->send(around->verifier, cancel_atom_v, record.id);
    else if (converting)
      around->converter->cancel(record.id);
    else if (!publishing)
      end_badly(*cancelling, image_import_event::cancelled);
  }
  return promise;
}

void image_import_state::end_badly(failure why, image_import_event event) {
  if (ending || schemas::is_final(record.status))
    return;
  ending = std::move(why);
  ending_by = event;
  release_slot();
  const mailbox box{image_import_actor{self}};
  around->files.post([box, &blobs = around->blobs, import_id = record.id, image_id = record.image_id] {
    for (const auto& freed :
         {blobs.remove_staged(import_id), blobs.remove_staged(image_id), blobs.remove_image(image_id)})
      if (!freed)
        spdlog::error("bytes not freed task={} reason=\"{}\"", import_id, freed.error().message);
    box.send(freed_atom_v);
  });
}

void image_import_state::on_freed() {
  if (!ending || !move(*ending_by))
    return;
  record.why = std::move(*ending);
  record.facts.reset();
  record.durable_bytes = 0;
  record.validator.clear();
  record.expires_at = around->clock.now() + around->limits.result_ttl;
  persist([this] { finish(); });
}

void image_import_state::finish() {
  around->progress.remove(record.id);
  release_slot();
  self->send(admission, leave_atom_v, record.id);
  tell_watchers();
  for (auto& promise : std::exchange(cancellers, {}))
    promise.deliver(done_atom_v);
  for (auto& promise : std::exchange(pausers, {}))
    promise.deliver(done_atom_v);
  self->quit();
}

caf::result<std::uint64_t> image_import_state::on_watch(std::uint64_t seen) {
  auto promise = self->make_response_promise<std::uint64_t>();
  if (seen != version) {
    promise.deliver(version);
    return promise;
  }
  if (watchers.size() >= max_watchers) {
    watchers.front().deliver(version);
    watchers.pop_front();
  }
  watchers.push_back(promise);
  return promise;
}

caf::result<done_atom> image_import_state::on_pause() {
  auto promise = self->make_response_promise<done_atom>();
  pausers.push_back(promise);
  if (!pausing) {
    pausing = true;
    if (pipeline_runs)
      around->runner.stop(record.id);
    if (verification_runs)
      self->send(around->verifier, cancel_atom_v, record.id);
    if (converting)
      around->converter->cancel(record.id);
    pause_when_idle();
  }
  return promise;
}

void image_import_state::pause_when_idle() {
  if (!pausing || pipeline_runs || verification_runs || converting || publishing || ending || !writes.empty())
    return;
  spdlog::info("import paused task={} status={} durable_bytes={}", record.id, to_string(record.status),
               record.durable_bytes);
  finish();
}

void image_import_state::release_slot() {
  if (std::exchange(has_slot, false))
    self->send(admission, leave_atom_v, record.id);
}

void image_import_state::on_exit(const caf::error& reason) {
  if (pipeline_runs)
    around->runner.stop(record.id);
  if (verification_runs)
    self->send(around->verifier, cancel_atom_v, record.id);
  if (converting)
    around->converter->cancel(record.id);
  const auto answer = to_error(failure{error_code::service_stopping, "The service is stopping. Try again."});
  for (auto& promise : watchers)
    promise.deliver(answer);
  for (auto* promises : {&cancellers, &pausers})
    for (auto& promise : *promises)
      promise.deliver(answer);
  self->quit(reason);
}

image_import_actor::behavior_type image_import(image_import_actor::stateful_pointer<image_import_state> self,
                                               schemas::image_import accepted, record_keeper_actor keeper,
                                               admission_actor admission, import_surroundings around) {
  return self->state.make_behavior(std::move(accepted), std::move(keeper), std::move(admission), around);
}

}  // namespace sluice::actors
