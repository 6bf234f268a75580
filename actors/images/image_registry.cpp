// SPDX-License-Identifier: Apache-2.0
#include "actors/images/image_registry.hpp"

#include <chrono>
#include <memory>
#include <utility>

#include <spdlog/spdlog.h>

#include "schemas/uuid.hpp"

namespace sluice::actors {

using schemas::error_code;
using schemas::failure;
using schemas::image;
using schemas::image_member;
using schemas::result;

image_registry_actor::behavior_type image_registry_state::make_behavior(record_keeper_actor writer,
                                                                        const persistence::record_store* store,
                                                                        const wall_clock* time) {
  keeper = std::move(writer);
  records = store;
  clock = time;
  self->set_exit_handler([this](caf::exit_msg& stop) { on_exit(stop.reason); });
  return {
      [this](create_atom, const schemas::identity& who, image& draft) { return on_create(who, std::move(draft)); },
      [this](update_atom, const schemas::identity& who, const std::string& image_id, const image_patch& patch) {
        return on_update(who, image_id, patch);
      },
      [this](act_atom, const schemas::identity& who, const std::string& image_id, const schemas::image_action& action) {
        return on_act(who, image_id, action);
      },
      [this](share_atom, const schemas::identity& who, const std::string& image_id,
             const schemas::member_change& change) { return on_share(who, image_id, change); },
      [this](move_atom, const image_move& move) { return on_move(move); },
      [this](remove_atom, const schemas::identity& who, const std::string& image_id) {
        return on_remove(who, image_id);
      },
  };
}

template <class Answer>
caf::result<Answer> image_registry_state::in_turn(const std::string& image_id,
                                                  std::function<result<decision<Answer>>()> decide) {
  if (waiting >= max_waiting)
    return to_error(failure{error_code::overloaded, "Too many changes of images are under way. Try again."});
  auto promise = self->make_response_promise<Answer>();
  auto kept = std::make_shared<std::optional<Answer>>();
  waiting_change next;
  next.decide = [decide = std::move(decide), kept]() -> result<record_changes> {
    auto decided = decide();
    if (!decided)
      return tl::unexpected{std::move(decided.error())};
    *kept = std::move(decided->answer);
    return std::move(decided->changes);
  };
  next.answer = [promise, kept](const caf::error& refused) mutable {
    if (refused)
      promise.deliver(refused);
    else
      promise.deliver(std::move(**kept));
  };
  auto& line = lines[image_id];
  line.push_back(std::move(next));
  ++waiting;
  if (line.size() == 1)
    advance(image_id);
  return promise;
}

void image_registry_state::advance(const std::string& image_id) {
  for (auto found = lines.find(image_id); found != lines.end(); found = lines.find(image_id)) {
    auto decided = found->second.front().decide();
    if (!decided) {
      settle(image_id, to_error(decided.error()));
      continue;
    }
    const bool nothing_to_write = decided->put_images.empty() && decided->erase_images.empty() &&
                                  decided->put_members.empty() && decided->erase_members.empty() &&
                                  decided->put_imports.empty();
    if (nothing_to_write) {
      settle(image_id, {});
      continue;
    }
    self->request(keeper, commit_deadline, commit_atom_v, std::move(*decided))
        .then(
            [this, image_id](done_atom) {
              settle(image_id, {});
              advance(image_id);
            },
            [this, image_id](const caf::error& why) {
              settle(image_id, why);
              advance(image_id);
            });
    return;
  }
}

void image_registry_state::settle(const std::string& image_id, const caf::error& outcome) {
  const auto found = lines.find(image_id);
  auto done = std::move(found->second.front());
  found->second.pop_front();
  if (found->second.empty())
    lines.erase(found);
  --waiting;
  done.answer(outcome);
}

caf::result<image> image_registry_state::on_create(const schemas::identity& who, image draft) {
  if (draft.id.empty())
    draft.id = schemas::random_uuid();
  if (draft.owner.empty())
    draft.owner = who.project_id;
  if (const auto allowed = schemas::may_create(who, draft); !allowed)
    return to_error(allowed.error());
  if (!draft.properties.visibility)
    draft.properties.visibility = "shared";
  const auto id = draft.id;
  return in_turn<image>(id, [this, draft = std::move(draft)]() mutable -> result<decision<image>> {
    if (records->has_image(draft.id))
      return schemas::refuse(error_code::conflict, "Image with identifier " + draft.id + " already exists!");
    draft.status = schemas::image_status::queued;
    draft.facts.reset();
    draft.created_at = draft.updated_at = clock->now();
    decision<image> made;
    made.changes.put_images.push_back(draft);
    made.answer = draft;
    spdlog::info("image created image={} project={}", draft.id, draft.owner);
    return made;
  });
}

caf::result<image> image_registry_state::change_image(const std::string& image_id,
                                                      std::function<result<void>(image&)> make,
                                                      std::vector<schemas::image_import> with,
                                                      std::uint64_t project_quota) {
  return in_turn<image>(
      image_id,
      [this, image_id, make = std::move(make), with = std::move(with), project_quota]() -> result<decision<image>> {
        const auto before = records->find_image(image_id);
        if (!before)
          return tl::unexpected{schemas::no_image(image_id)};
        decision<image> made;
        made.answer = *before;
        if (const auto outcome = make(made.answer); !outcome)
          return tl::unexpected{outcome.error()};
        made.changes.put_imports = with;
        made.changes.project_quota = project_quota;
        if (made.answer == *before)
          return made;
        made.answer.updated_at = clock->now();
        if (made.answer.status != before->status)
          spdlog::info("transition image={} project={} from={} to={}", image_id, before->owner,
                       to_string(before->status), to_string(made.answer.status));
        made.changes.put_images.push_back(made.answer);
        return made;
      });
}

caf::result<image> image_registry_state::on_update(const schemas::identity& who, const std::string& image_id,
                                                   const image_patch& patch) {
  return change_image(image_id, [this, who, image_id, changes = patch.changes](image& subject) {
    return schemas::apply(changes, who, is_member(who, image_id), subject);
  });
}

caf::result<image> image_registry_state::on_act(const schemas::identity& who, const std::string& image_id,
                                                const schemas::image_action& action) {
  return change_image(image_id, [this, who, image_id, action](image& subject) {
    return schemas::apply(action, who, is_member(who, image_id), subject);
  });
}

caf::result<image> image_registry_state::on_move(const image_move& move) {
  return change_image(
      move.transition.image_id,
      [transition = move.transition](image& subject) { return schemas::apply(transition, subject); }, move.put_imports,
      move.project_quota);
}

caf::result<image_member> image_registry_state::on_share(const schemas::identity& who, const std::string& image_id,
                                                         const schemas::member_change& change) {
  return in_turn<image_member>(image_id, [this, who, image_id, change]() -> result<decision<image_member>> {
    const auto subject = records->find_image(image_id);
    if (!subject)
      return tl::unexpected{schemas::no_image(image_id)};
    const auto members = records->members_of(image_id);
    auto made = schemas::apply(change, who, is_member(who, image_id), *subject,
                               records->find_member(image_id, change.member_id), members.size(), clock->now());
    if (!made)
      return tl::unexpected{std::move(made.error())};
    decision<image_member> shared;
    shared.answer = *made;
    if (change.what == schemas::member_change::kind::remove)
      shared.changes.erase_members.push_back({image_id, change.member_id});
    else
      shared.changes.put_members.push_back(std::move(*made));
    return shared;
  });
}

caf::result<image> image_registry_state::on_remove(const schemas::identity& who, const std::string& image_id) {
  return in_turn<image>(image_id, [this, who, image_id]() -> result<decision<image>> {
    auto subject = records->find_image(image_id);
    if (!subject || !schemas::may_see(who, *subject, is_member(who, image_id)))
      return tl::unexpected{schemas::no_image(image_id)};
    if (!schemas::may_change(who, *subject))
      return schemas::refuse(error_code::forbidden, "You are not permitted to delete this image.");
    if (subject->properties.is_protected)
      return schemas::refuse(error_code::image_protected, "Image " + image_id + " is protected and cannot be deleted.");
    decision<image> gone;
    gone.changes.erase_images.push_back(image_id);
    gone.answer = std::move(*subject);
    return gone;
  });
}

bool image_registry_state::is_member(const schemas::identity& who, const std::string& image_id) const {
  return records->find_member(image_id, who.project_id).has_value();
}

void image_registry_state::on_exit(const caf::error& reason) {
  const auto stopping = to_error(failure{error_code::service_stopping, "The service is stopping. Try again."});
  for (auto& [image_id, line] : std::exchange(lines, {}))
    for (auto& each : line)
      each.answer(stopping);
  self->quit(reason);
}

image_registry_actor::behavior_type image_registry(image_registry_actor::stateful_pointer<image_registry_state> self,
                                                   record_keeper_actor keeper, const persistence::record_store* records,
                                                   const wall_clock* clock) {
  return self->state.make_behavior(std::move(keeper), records, clock);
}

}  // namespace sluice::actors
