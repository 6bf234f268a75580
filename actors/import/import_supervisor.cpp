// SPDX-License-Identifier: Apache-2.0
#include "actors/import/import_supervisor.hpp"

#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>

#include "actors/admission/project_quota.hpp"
#include "actors/import/image_import.hpp"
#include "actors/import/image_moves.hpp"
#include "schemas/uuid.hpp"

namespace sluice::actors {

using schemas::error_code;
using schemas::failure;
using schemas::image_import_event;
using schemas::image_import_status;
using namespace std::chrono_literals;

namespace {

constexpr caf::timespan answer_deadline = 30s;
/// Longer than any `Prefer: wait` and any event stream's turn; who still waits then is told "unchanged".
constexpr caf::timespan watch_deadline = 120s;

failure unknown_import(const std::string& import_id) {
  return {error_code::not_found, "No image-import with id " + import_id + " exists for your project."};
}

}  // namespace

import_supervisor_actor::behavior_type import_supervisor_state::make_behavior(record_keeper_actor records,
                                                                              admission_actor slots,
                                                                              import_surroundings surroundings) {
  keeper = std::move(records);
  admission = std::move(slots);
  around = std::make_unique<import_surroundings>(surroundings);
  self->set_down_handler([this](const caf::down_msg& down) { on_down(down); });
  // Whoever waits for staged bytes to be asked for looks at the clock, and would do so for ever.
  self->set_exit_handler([this](caf::exit_msg& stop) {
    for (const auto& [id, handle] : live)
      self->send_exit(handle, stop.reason);
    self->quit(stop.reason);
  });
  return {
      [this](create_atom, schemas::image_import& draft) { return on_create(std::move(draft)); },
      [this](cancel_atom, const schemas::identity& who, const std::string& id) { return on_cancel(who, id); },
      [this](release_atom, const schemas::image_import& wish) { return on_release(wish); },
      [this](remove_atom, const std::string& image_id) { return on_image_removed(image_id); },
      [this](watch_atom, const std::string& id, std::uint64_t seen) { return on_watch(id, seen); },
      [this](position_atom, const std::string& id) { return on_position(id); },
      [this](recover_atom) { return on_recover(); },
      [this](pause_atom) { return on_pause(); },
      [this](restart_atom, const std::string& id) { restart(id); },
      [this](configure_atom, const schemas::imports_configuration& limits) { around->limits = limits; },
  };
}

caf::result<schemas::image_import> import_supervisor_state::on_create(schemas::image_import draft) {
  if (pausing)
    return to_error(failure{error_code::service_stopping, "The service is stopping. Try again in a few seconds."});
  if (auto room = check_quota(around->records, around->limits, draft.project_id, draft.request.expect.size.value_or(0));
      !room)
    return to_error(room.error());
  if (draft.id.empty())
    draft.id = schemas::random_uuid();
  if (!schemas::fills_an_image(draft.origin))
    draft.image_id = schemas::random_uuid();
  draft.status = image_import_status::waiting;
  draft.created_at = around->clock.now();
  draft.updated_at = draft.created_at;
  auto promise = self->make_response_promise<schemas::image_import>();
  ++being_created;
  const auto refused = [this, promise, id = draft.id](const caf::error& why) mutable {
    --being_created;
    self->send(admission, leave_atom_v, id);
    promise.deliver(why);
    answer_pause_when_empty();
  };
  const auto accepted = [this, promise, draft]() mutable {
    --being_created;
    around->metrics.imports_accepted.add();
    spdlog::info("import accepted task={} image={} project={} origin={} location={}", draft.id, draft.image_id,
                 draft.project_id, to_string(draft.origin),
                 schemas::location_without_credentials(draft.request.location));
    if (pausing)  // durable already: the next start of the service takes it up
      self->send(admission, leave_atom_v, draft.id);
    else
      spawn_import(draft);
    promise.deliver(std::move(draft));
    answer_pause_when_empty();
  };
  self->request(admission, answer_deadline, reserve_atom_v, draft.id, draft.project_id)
      .then([this, draft, accepted, refused](done_atom) { write_new(draft, accepted, refused); }, refused);
  return promise;
}

void import_supervisor_state::write_new(const schemas::image_import& draft, std::function<void()> then,
                                        std::function<void(const caf::error&)> refused) {
  if (schemas::fills_an_image(draft.origin)) {
    image_move both;
    both.transition = begin_of(draft);
    both.put_imports.push_back(draft);
    self->request(around->images, answer_deadline, move_atom_v, std::move(both))
        .then([then](const schemas::image&) { then(); }, refused);
  } else {
    record_changes changes;
    changes.put_imports.push_back(draft);
    self->request(keeper, answer_deadline, commit_atom_v, std::move(changes))
        .then([then](done_atom) { then(); }, refused);
  }
}

caf::result<schemas::image_import> import_supervisor_state::on_release(const schemas::image_import& wish) {
  const auto nothing = failure{error_code::conflict, "Image " + wish.image_id + " has no staged data to import."};
  const auto found = filling.find(wish.image_id);
  const auto handle = found == filling.end() ? live.end() : live.find(found->second);
  if (handle == live.end())
    return to_error(nothing);
  return self->delegate(handle->second, release_atom_v, wish);
}

caf::result<done_atom> import_supervisor_state::on_image_removed(const std::string& image_id) {
  const auto found = filling.find(image_id);
  const auto handle = found == filling.end() ? live.end() : live.find(found->second);
  if (handle == live.end())
    return done_atom_v;
  auto promise = self->make_response_promise<done_atom>();
  self->request(handle->second, answer_deadline, remove_atom_v)
      .then([promise](done_atom) mutable { promise.deliver(done_atom_v); },
            // It came to its end by itself, or will when it finds the image gone.
            [promise](const caf::error&) mutable { promise.deliver(done_atom_v); });
  return promise;
}

caf::result<done_atom> import_supervisor_state::on_cancel(const schemas::identity& who, const std::string& import_id) {
  const auto record = around->records.find_import(import_id);
  if (!record || (record->project_id != who.project_id && !who.is_admin()))
    return to_error(unknown_import(import_id));
  auto promise = self->make_response_promise<done_atom>();
  if (const auto found = live.find(import_id); found != live.end()) {
    self->request(found->second, answer_deadline, cancel_atom_v)
        .then([promise](done_atom) mutable { promise.deliver(done_atom_v); },
              [this, promise, import_id](const caf::error& why) mutable {
                const auto left = around->records.find_import(import_id);
                // It came to its end while the word was on its way: then this removes it.
                if (why == caf::sec::request_receiver_down && left && schemas::is_final(left->status))
                  erase(import_id, promise);
                else
                  promise.deliver(why);
              });
  } else if (schemas::is_final(record->status)) {
    erase(import_id, promise);
  } else {
    return to_error(failure{error_code::overloaded, "The import is being taken up again. Try again in a few seconds."});
  }
  return promise;
}

void import_supervisor_state::erase(const std::string& import_id, caf::typed_response_promise<done_atom> promise) {
  record_changes changes;
  changes.erase_imports.push_back(import_id);
  self->request(keeper, answer_deadline, commit_atom_v, std::move(changes))
      .then([promise](done_atom) mutable { promise.deliver(done_atom_v); },
            [promise](const caf::error& why) mutable { promise.deliver(why); });
}

caf::result<std::uint64_t> import_supervisor_state::on_watch(const std::string& import_id, std::uint64_t seen) {
  const auto found = live.find(import_id);
  if (found == live.end())
    return seen + 1;
  auto promise = self->make_response_promise<std::uint64_t>();
  self->request(found->second, watch_deadline, watch_atom_v, seen)
      .then([promise](std::uint64_t version) mutable { promise.deliver(version); },
            [promise, seen](const caf::error& why) mutable {
              promise.deliver(why == caf::sec::request_timeout ? seen : seen + 1);
            });
  return promise;
}

caf::result<std::uint64_t> import_supervisor_state::on_position(const std::string& import_id) {
  return self->delegate(admission, position_atom_v, import_id);
}

std::uint64_t import_supervisor_state::on_recover() {
  std::uint64_t taken_up = 0;
  for (const auto& record : around->records.live_imports())
    if (!live.contains(record.id)) {
      spawn_import(record);
      ++taken_up;
    }
  return taken_up;
}

caf::result<done_atom> import_supervisor_state::on_pause() {
  pausing = true;
  pausers.push_back(self->make_response_promise<done_atom>());
  auto promise = pausers.back();
  for (const auto& [id, handle] : live)
    self->request(handle, answer_deadline, pause_atom_v).then([](done_atom) {}, [](const caf::error&) {});
  answer_pause_when_empty();
  return promise;
}

void import_supervisor_state::answer_pause_when_empty() {
  if (!pausing || !live.empty() || being_created > 0)
    return;
  for (auto& promise : std::exchange(pausers, {}))
    promise.deliver(done_atom_v);
}

void import_supervisor_state::spawn_import(const schemas::image_import& record) {
  const auto handle =
      self->spawn<caf::monitored>(image_import, record, keeper, admission, import_surroundings{*around});
  live.insert_or_assign(record.id, handle);
  ids.insert_or_assign(handle.address(), record.id);
  if (schemas::fills_an_image(record.origin))
    filling.insert_or_assign(record.image_id, record.id);
}

void import_supervisor_state::on_down(const caf::down_msg& down) {
  const auto found = ids.find(down.source);
  if (found == ids.end())
    return;
  const auto import_id = found->second;
  ids.erase(found);
  live.erase(import_id);
  std::erase_if(filling, [&](const auto& entry) { return entry.second == import_id; });
  if (!down.reason || down.reason == caf::exit_reason::user_shutdown || pausing) {
    deaths.erase(import_id);
  } else {
    const auto count = ++deaths[import_id];
    spdlog::error("import died task={} deaths={} reason=\"{}\"", import_id, count, self->system().render(down.reason));
    self->send(admission, leave_atom_v, import_id);
    around->runner.stop(import_id);  // its pipeline may still run, reporting to nobody
    self->send(around->verifier, cancel_atom_v, import_id);
    self->delayed_send(self, 1s * (1u << count), restart_atom_v, import_id);
  }
  answer_pause_when_empty();
}

void import_supervisor_state::restart(const std::string& import_id) {
  if (pausing || live.contains(import_id))
    return;
  const auto record = around->records.find_import(import_id);
  if (!record || schemas::is_final(record->status)) {
    deaths.erase(import_id);
    around->progress.remove(import_id);
  } else if (deaths[import_id] >= max_deaths) {
    give_up(*record);
  } else {
    spawn_import(*record);
  }
}

void import_supervisor_state::give_up(schemas::image_import record) {
  const auto to = schemas::next(record.status, image_import_event::failed);
  if (!to)
    return;
  around->progress.remove(record.id);
  around->files.post([&blobs = around->blobs, import_id = record.id, image_id = record.image_id] {
    for (const auto& freed : {blobs.remove_staged(import_id), blobs.remove_image(image_id)})
      if (!freed)
        spdlog::error("bytes not freed task={} reason=\"{}\"", import_id, freed.error().message);
  });
  record.status = *to;
  record.why = failure{error_code::internal_error, "The service met an internal error, repeatedly. Import again."};
  record.facts.reset();
  record.updated_at = around->clock.now();
  record.expires_at = record.updated_at + around->limits.result_ttl;
  around->metrics.import_ended(record.why->code);
  deaths.erase(record.id);
  write_last(record, schemas::fills_an_image(record.origin));
}

void import_supervisor_state::write_last(const schemas::image_import& record, bool with_image) {
  if (with_image) {
    image_move both;
    both.transition = failure_of(record);
    both.put_imports.push_back(record);
    self->request(around->images, answer_deadline, move_atom_v, std::move(both))
        .then([](const schemas::image&) {}, [this, record](const caf::error&) { write_last(record, false); });
    return;
  }
  record_changes changes;
  changes.put_imports.push_back(record);
  self->request(keeper, answer_deadline, commit_atom_v, std::move(changes))
      .then([](done_atom) {},
            [id = record.id](const caf::error&) { spdlog::error("failure not written task={}", id); });
}

import_supervisor_actor::behavior_type import_supervisor(
    import_supervisor_actor::stateful_pointer<import_supervisor_state> self, record_keeper_actor keeper,
    admission_actor admission, import_surroundings around) {
  return self->state.make_behavior(std::move(keeper), std::move(admission), around);
}

}  // namespace sluice::actors
