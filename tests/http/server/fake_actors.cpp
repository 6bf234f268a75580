// SPDX-License-Identifier: Apache-2.0
#include "tests/http/server/fake_actors.hpp"

namespace sluice::http {
namespace {

actors::import_supervisor_actor::behavior_type fake_supervisor(actors::import_supervisor_actor::pointer self,
                                                               std::shared_ptr<fake_world> world) {
  using promise = caf::typed_response_promise<std::uint64_t>;
  auto waiting = std::make_shared<std::vector<promise>>();
  auto version = std::make_shared<std::uint64_t>(1);
  return {
      [world](actors::create_atom, const schemas::image_import& draft) -> caf::result<schemas::image_import> {
        const std::lock_guard guard{world->mutex};
        world->drafts.push_back(draft);
        auto made = world->on_create ? world->on_create(draft) : caf::expected<schemas::image_import>{draft};
        if (made)
          return *made;
        return made.error();
      },
      [world](actors::cancel_atom, const schemas::identity& who,
              const std::string& id) -> caf::result<actors::done_atom> {
        const std::lock_guard guard{world->mutex};
        world->cancelled.emplace_back(who, id);
        if (auto error = world->on_cancel ? world->on_cancel(who, id) : caf::error{})
          return error;
        return actors::done_atom_v;
      },
      [world](actors::release_atom, const schemas::image_import& wish) -> caf::result<schemas::image_import> {
        const std::lock_guard guard{world->mutex};
        world->wishes.push_back(wish);
        if (auto made = world->on_release(wish))
          return *made;
        else
          return made.error();
      },
      [](actors::remove_atom, const std::string&) { return actors::done_atom_v; },
      [self, world, waiting, version](actors::watch_atom, const std::string&,
                                      std::uint64_t seen) -> caf::result<std::uint64_t> {
        auto answer = self->make_response_promise<std::uint64_t>();
        if (seen != *version) {
          answer.deliver(*version);
          return answer;
        }
        waiting->push_back(answer);
        const std::lock_guard guard{world->mutex};
        ++world->standing_watches;
        world->changed.notify_all();
        return answer;
      },
      [world](actors::position_atom, const std::string&) { return world->position; },
      [](actors::restart_atom, const std::string&) {},
      [](actors::configure_atom, const schemas::imports_configuration&) {},
      [waiting, version](actors::recover_atom) {
        ++*version;
        for (auto& answer : *waiting)
          answer.deliver(*version);
        waiting->clear();
        return *version;
      },
      [](actors::pause_atom) { return actors::done_atom_v; },
  };
}

actors::lifetime_actor::behavior_type fake_lifetime(actors::lifetime_actor::pointer,
                                                    std::shared_ptr<fake_world> world) {
  return {
      [world](actors::remove_atom, const schemas::identity& who,
              const std::string& id) -> caf::result<actors::done_atom> {
        const std::lock_guard guard{world->mutex};
        world->removed.emplace_back(who, id);
        if (auto error = world->on_remove ? world->on_remove(who, id) : caf::error{})
          return error;
        return actors::done_atom_v;
      },
      [](actors::freed_atom, const std::string&) {},
      [](actors::tick_atom, std::uint64_t) {},
      [](actors::pause_atom) { return actors::done_atom_v; },
  };
}

actors::bandwidth_supervisor_actor::behavior_type fake_bandwidth(actors::bandwidth_supervisor_actor::pointer,
                                                                 std::shared_ptr<fake_world> world) {
  return {
      [](actors::tick_atom, std::uint64_t) {},
      [world](actors::configure_atom, const actors::bandwidth_policy& policy) {
        const std::lock_guard guard{world->mutex};
        world->report.link = policy.link;
        world->report.profile = policy.profile;
        ++world->configured;
        return actors::done_atom_v;
      },
      [world](actors::report_atom) {
        const std::lock_guard guard{world->mutex};
        return world->report;
      },
      [](actors::pause_atom) { return actors::done_atom_v; },
  };
}

actors::reverification_actor::behavior_type fake_reverification(actors::reverification_actor::pointer,
                                                                const std::shared_ptr<fake_world>& world) {
  return {
      [world](actors::verify_atom, const std::string& image) -> caf::result<actors::reverification_report> {
        const std::lock_guard guard{world->mutex};
        if (world->reverified.state == actors::reverification_state::running)
          return actors::to_error(schemas::failure{schemas::error_code::conflict, "A run is in hand."});
        world->reverifications.push_back(image);
        world->reverified.state = actors::reverification_state::running;
        return world->reverified;
      },
      [world](actors::report_atom) {
        const std::lock_guard guard{world->mutex};
        return world->reverified;
      },
      [world](actors::cancel_atom) {
        const std::lock_guard guard{world->mutex};
        world->reverified.state = actors::reverification_state::cancelled;
        return world->reverified;
      },
      [](actors::staged_atom, std::uint64_t, const actors::image_ids&) {},
      [](actors::judged_atom, std::uint64_t, const std::string&, const actors::examination&) {},
      [](actors::pause_atom) { return actors::done_atom_v; },
  };
}

}  // namespace

actors::import_supervisor_actor spawn_fake_supervisor(caf::actor_system& system, std::shared_ptr<fake_world> world) {
  return system.spawn(fake_supervisor, std::move(world));
}

actors::lifetime_actor spawn_fake_lifetime(caf::actor_system& system, std::shared_ptr<fake_world> world) {
  return system.spawn(fake_lifetime, std::move(world));
}

actors::bandwidth_supervisor_actor spawn_fake_bandwidth(caf::actor_system& system, std::shared_ptr<fake_world> world) {
  return system.spawn(fake_bandwidth, std::move(world));
}

actors::reverification_actor spawn_fake_reverification(caf::actor_system& system, std::shared_ptr<fake_world> world) {
  return system.spawn(fake_reverification, std::move(world));
}

}  // namespace sluice::http
