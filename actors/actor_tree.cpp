// SPDX-License-Identifier: Apache-2.0
#include "actors/actor_tree.hpp"

#include <map>
#include <utility>

#include <spdlog/spdlog.h>

#include "actors/admission/admission.hpp"
#include "actors/bandwidth/bandwidth_supervisor.hpp"
#include "actors/images/image_registry.hpp"
#include "actors/import/import_supervisor.hpp"
#include "actors/lifetime/lifetime.hpp"
#include "actors/records/record_keeper.hpp"

namespace sluice::actors {

using namespace std::chrono_literals;

namespace {

/// Tells when a supervisor dies that should live as long as the service.
caf::behavior watchman(caf::stateful_actor<std::map<caf::actor_addr, std::string>>* self,
                       const std::function<void(std::string)>& on_death) {
  self->set_down_handler([self, on_death](const caf::down_msg& down) {
    const auto found = self->state.find(down.source);
    if (found == self->state.end())
      return;
    spdlog::critical("supervisor died name={} reason=\"{}\"", found->second, self->system().render(down.reason));
    on_death(found->second);
  });
  return {[self](const std::string& name, const caf::strong_actor_ptr& subject) {
    self->state.emplace(caf::actor_cast<caf::actor_addr>(subject), name);
    self->monitor(subject);
  }};
}

/// Commits are counted, and they are one of the things that tell how serving fares.
commit_observer observer_of(service_metrics& metrics, serving_signals& signals) {
  return [&metrics, &signals](std::chrono::nanoseconds took, std::size_t changes, std::size_t refused) {
    metrics.committed(took, changes, refused);
    signals.commit.add(static_cast<std::uint64_t>(took.count()));
  };
}

import_surroundings with(import_surroundings around, verifier_actor verifier, image_registry_actor images) {
  around.verifier = std::move(verifier);
  around.images = std::move(images);
  return around;
}

reverification_surroundings with(reverification_surroundings again, image_registry_actor images) {
  again.images = std::move(images);
  return again;
}

}  // namespace

actor_tree::actor_tree(caf::actor_system& system, persistence::record_store& records, import_surroundings around,
                       const bandwidth_surroundings& shared, verification_surroundings judging,
                       reverification_surroundings again, const schemas::configuration& configuration,
                       std::function<void(std::string)> on_death)
    : system_{system},
      shared_{shared},
      watchman_{system.spawn(watchman, std::move(on_death))},
      keeper_{system.spawn<caf::detached>(record_keeper, &records, observer_of(around.metrics, shared.signals))},
      admission_{system.spawn(admission, limits_of(configuration.imports), &around.metrics)},
      verifier_{system.spawn(verifier, std::move(judging))},
      images_{system.spawn(image_registry, keeper_, &records, &around.clock)},
      imports_{system.spawn(import_supervisor, keeper_, admission_, with(around, verifier_, images_))},
      lifetimes_{system.spawn(lifetime, keeper_, images_, imports_, around)},
      bandwidth_{system.spawn(bandwidth_supervisor, &shared_, policy_of(configuration.bandwidth))},
      reverifications_{system.spawn(reverification, with(std::move(again), images_))} {
  const auto watch = [this](const char* name, const auto& subject) {
    caf::anon_send(watchman_, std::string{name}, caf::actor_cast<caf::strong_actor_ptr>(subject));
  };
  watch("record-keeper", keeper_);
  watch("admission", admission_);
  watch("verifier", verifier_);
  watch("import-supervisor", imports_);
  watch("image-registry", images_);
  watch("lifetime", lifetimes_);
  watch("bandwidth-supervisor", bandwidth_);
  watch("reverification", reverifications_);
}

actor_tree::~actor_tree() {
  if (!stopped_)
    stop(0ms);
}

std::size_t actor_tree::recover() {
  std::size_t taken_up = 0;
  caf::scoped_actor self{system_};
  self->request(imports_, caf::timespan{60s}, recover_atom_v)
      .receive([&](std::uint64_t count) { taken_up = count; },
               [](const caf::error& why) { spdlog::error("recovery failed reason=\"{}\"", to_failure(why).message); });
  return taken_up;
}

void actor_tree::configure(const schemas::bandwidth_configuration& bandwidth) {
  caf::anon_send(bandwidth_, configure_atom_v, policy_of(bandwidth));
}

void actor_tree::configure(const schemas::imports_configuration& imports) {
  caf::anon_send(imports_, configure_atom_v, imports);
  caf::anon_send(admission_, configure_atom_v, imports);
}

bool actor_tree::stop(std::chrono::milliseconds grace) {
  stopped_ = true;
  bool in_time = true;
  caf::scoped_actor self{system_};
  caf::anon_send_exit(watchman_, caf::exit_reason::user_shutdown);
  const auto pause = [&](const auto& subject, caf::timespan patience) {
    self->request(subject, patience, pause_atom_v)
        .receive([](done_atom) {}, [&](const caf::error&) { in_time = false; });
  };
  if (grace > 0ms)
    pause(imports_, grace);
  pause(verifier_, 5s);
  pause(reverifications_, 5s);
  pause(lifetimes_, 1s);
  pause(bandwidth_, 1s);
  // The keeper last: whoever ends before it may still have something to write.
  const auto end = [&](const auto& subject) {
    self->send_exit(subject, caf::exit_reason::user_shutdown);
    self->wait_for(subject);
  };
  end(imports_);
  end(verifier_);
  end(lifetimes_);
  end(images_);
  end(bandwidth_);
  end(reverifications_);
  end(admission_);
  end(keeper_);
  return in_time;
}

}  // namespace sluice::actors
