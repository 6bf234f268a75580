// SPDX-License-Identifier: Apache-2.0
#include "actors/lifetime/lifetime.hpp"

#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>

namespace sluice::actors {

namespace {

/// The registry's own commit, behind the changes that are under way.
constexpr caf::timespan removal_deadline = std::chrono::seconds{60};

}  // namespace

lifetime_actor::behavior_type lifetime_state::make_behavior(record_keeper_actor records, image_registry_actor registry,
                                                            import_supervisor_actor supervisor,
                                                            import_surroundings surroundings) {
  keeper = std::move(records);
  images = std::move(registry);
  imports = std::move(supervisor);
  around = std::make_unique<import_surroundings>(surroundings);
  arm();
  return {
      [this](remove_atom, const schemas::identity& who, const std::string& image_id) {
        return on_remove(who, image_id);
      },
      [this](freed_atom, const std::string& image_id) { on_freed(image_id); },
      [this](tick_atom, std::uint64_t armed) { on_tick(armed); },
      [this](pause_atom) {
        ++generation;  // a tick under way is stale from now on
        return done_atom_v;
      },
  };
}

caf::result<done_atom> lifetime_state::on_remove(const schemas::identity& who, const std::string& image_id) {
  auto promise = self->make_response_promise<done_atom>();
  self->request(images, removal_deadline, remove_atom_v, who, image_id)
      .then(
          [this, promise, image_id](const schemas::image&) mutable {
            spdlog::info("image deleted image={}", image_id);
            being_freed.emplace(image_id, promise);
            // What still fills it ends first, so that nothing is published behind our back.
            self->request(imports, removal_deadline, remove_atom_v, image_id)
                .then([this, image_id](done_atom) { free_bytes(image_id); },
                      [this, image_id](const caf::error&) { free_bytes(image_id); });
          },
          [promise](const caf::error& why) mutable { promise.deliver(why); });
  return promise;
}

void lifetime_state::free_bytes(const std::string& image_id) {
  const auto address = caf::actor_cast<caf::actor_addr>(lifetime_actor{self});
  around->files.post([address, &blobs = around->blobs, image_id] {
    // What cannot be freed now is an orphan without a record: the next start sweeps it.
    if (const auto freed = blobs.remove_image(image_id); !freed)
      spdlog::error("bytes not freed image={} reason=\"{}\"", image_id, freed.error().message);
    if (const auto owner = caf::actor_cast<caf::strong_actor_ptr>(address))
      caf::anon_send(caf::actor_cast<lifetime_actor>(owner), freed_atom_v, image_id);
  });
}

void lifetime_state::on_freed(const std::string& image_id) {
  const auto [first, last] = being_freed.equal_range(image_id);
  for (auto waiting = first; waiting != last; ++waiting)
    waiting->second.deliver(done_atom_v);
  being_freed.erase(first, last);
}

void lifetime_state::arm() {
  self->delayed_send(self, interval, tick_atom_v, ++generation);
}

void lifetime_state::on_tick(std::uint64_t armed) {
  if (armed != generation)
    return;
  erase_expired();
  arm();
}

void lifetime_state::erase_expired() {
  if (erasing)
    return;
  record_changes changes;
  changes.erase_imports = around->records.expired_imports(around->clock.now(), batch);
  if (changes.erase_imports.empty())
    return;
  erasing = true;
  const bool more = changes.erase_imports.size() == batch;
  spdlog::info("imports expired count={}", changes.erase_imports.size());
  self->request(keeper, commit_deadline, commit_atom_v, std::move(changes))
      .then(
          [this, more](done_atom) {
            erasing = false;
            if (more)
              erase_expired();
          },
          [this](const caf::error& why) {
            erasing = false;
            spdlog::error("expired imports not erased reason=\"{}\"", to_failure(why).message);
          });
}

lifetime_actor::behavior_type lifetime(lifetime_actor::stateful_pointer<lifetime_state> self,
                                       record_keeper_actor keeper, image_registry_actor images,
                                       import_supervisor_actor imports, import_surroundings around) {
  return self->state.make_behavior(std::move(keeper), std::move(images), std::move(imports), around);
}

}  // namespace sluice::actors
