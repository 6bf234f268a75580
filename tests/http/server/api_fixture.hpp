// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdlib.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <caf/all.hpp>

#include "actors/messages.hpp"
#include "actors/protocol.hpp"
#include "http/api/service.hpp"
#include "persistence/blob_store.hpp"
#include "persistence/record_store.hpp"
#include "tests/http/server/raw_client.hpp"

namespace sluice::http {

inline const std::string project_a = "X-Identity-Status: Confirmed\r\nX-Project-Id: a\r\nX-Roles: member\r\n";
inline const std::string project_b = "X-Identity-Status: Confirmed\r\nX-Project-Id: b\r\nX-Roles: member\r\n";
inline const std::string administrator = "X-Identity-Status: Confirmed\r\nX-Project-Id: z\r\nX-Roles: Admin\r\n";

/// An id that is a valid UUID and readable: `id_of(7)`.
inline std::string id_of(int number) {
  const auto digits = std::to_string(number);
  return "00000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
}

/// What the fake actors do and have been asked; shared between the test's thread and theirs.
struct fake_world {
  std::mutex mutex;
  std::condition_variable changed;
  std::function<caf::expected<schemas::image_import>(schemas::image_import)> on_create;
  std::function<caf::error(const schemas::identity&, const std::string&)> on_cancel, on_remove;
  std::vector<schemas::image_import> drafts;
  std::vector<std::pair<schemas::identity, std::string>> cancelled, removed;
  unsigned standing_watches = 0;
  std::uint64_t position = 3;
  actors::bandwidth_report report;
  int configured = 0;  ///< how often the bandwidth was

  void wait_for_watch() {
    std::unique_lock guard{mutex};
    changed.wait_for(guard, std::chrono::seconds{30}, [this] { return standing_watches > 0; });
  }
};

/// Answers watches at `recover_atom`, which here means "something changed".
inline actors::import_supervisor_actor::behavior_type fake_supervisor(actors::import_supervisor_actor::pointer self,
                                                                      std::shared_ptr<fake_world> world) {
  using promise = caf::typed_response_promise<std::uint64_t>;
  auto waiting = std::make_shared<std::vector<promise>>();
  auto version = std::make_shared<std::uint64_t>(1);
  return {
      [world](actors::create_atom, const schemas::image_import& draft) -> caf::result<schemas::image_import> {
        const std::lock_guard guard{world->mutex};
        world->drafts.push_back(draft);
        auto made = world->on_create(draft);
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

inline actors::lifetime_actor::behavior_type fake_lifetime(actors::lifetime_actor::pointer,
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

/// Answers as if it were the store's writer.
inline actors::record_keeper_actor::behavior_type fake_keeper(actors::record_keeper_actor::pointer) {
  return {
      [](actors::commit_atom, const actors::record_changes&) { return actors::done_atom_v; },
      [](actors::flush_atom) {},
  };
}

/// Remembers what it was configured with, and reports that.
inline actors::bandwidth_supervisor_actor::behavior_type fake_bandwidth(actors::bandwidth_supervisor_actor::pointer,
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

/// A served API on real sockets, over real stores in a directory of its own and actors that only pretend.
class api_fixture {
 public:
  explicit api_fixture(server_limits limits = {}, schemas::auth_mode mode = schemas::auth_mode::trusted_headers) {
    configuration.http.listen = "127.0.0.1:0";
    configuration.http.operator_listen = "127.0.0.1:0";
    configuration.auth.mode = mode;
    char name[] = "/tmp/sluice-test-XXXXXX";
    directory = ::mkdtemp(name);
    records = persistence::record_store::open(directory).value();
    blobs = persistence::blob_store::open(directory, 0).value();
    supervisor = system->spawn(fake_supervisor, world);
    lifetime = system->spawn(fake_lifetime, world);
    keeper = system->spawn(fake_keeper);
    bandwidth = system->spawn(fake_bandwidth, world);
    live.tell({[this](const schemas::bandwidth_configuration& fresh) {
                 caf::anon_send(bandwidth, actors::configure_atom_v, actors::policy_of(fresh));
               },
               {}});
    api = std::make_unique<api_server>(service_parts{*system,
                                                     supervisor,
                                                     lifetime,
                                                     *records,
                                                     *blobs,
                                                     progress,
                                                     configuration,
                                                     signals,
                                                     keeper,
                                                     bandwidth,
                                                     live,
                                                     metrics,
                                                     {}},
                                       limits);
    const auto started = api->start(2);
    if (!started)
      throw std::runtime_error{started.error().message};
  }
  ~api_fixture() {
    api.reset();
    caf::anon_send_exit(supervisor, caf::exit_reason::kill);
    caf::anon_send_exit(lifetime, caf::exit_reason::kill);
    caf::anon_send_exit(keeper, caf::exit_reason::kill);
    caf::anon_send_exit(bandwidth, caf::exit_reason::kill);
    keeper = nullptr;
    bandwidth = nullptr;
    supervisor = nullptr;
    lifetime = nullptr;
    system.reset();
    std::filesystem::remove_all(directory);
  }
  api_fixture(const api_fixture&) = delete;
  api_fixture& operator=(const api_fixture&) = delete;

  [[nodiscard]] std::string endpoint() const { return api->api_endpoint(); }
  /// One request to the operators' port.
  reply ask_operator(const std::string& method, const std::string& target, const std::string& fields = {},
                     const std::string& body = {}) {
    raw_client client{api->operator_endpoint()};
    return client.ask(method, target, fields + "Connection: close\r\n", body);
  }
  /// One request on a connection of its own.
  reply ask(const std::string& method, const std::string& target, const std::string& fields = project_a,
            const std::string& body = {}) {
    raw_client client{endpoint()};
    return client.ask(method, target, fields + "Connection: close\r\n", body);
  }

  void put(const schemas::image_import& record) {
    persistence::put_import change;
    change.record = record;
    commit(std::move(change));
  }
  void put(const schemas::image& record) {
    persistence::put_image change;
    change.record = record;
    commit(std::move(change));
  }
  void erase_import(const std::string& id) {
    persistence::erase_import change;
    change.id = id;
    commit(std::move(change));
  }
  /// An active image with these bytes.
  schemas::image put_image(int number, const std::string& owner, const std::string& bytes,
                           const std::string& visibility = "shared") {
    schemas::image image;
    image.id = id_of(number);
    image.owner = owner;
    image.properties.name = "image " + std::to_string(number);
    image.properties.visibility = visibility;
    image.properties.disk_format = "qcow2";
    image.properties.container_format = "bare";
    image.facts.size = bytes.size();
    image.facts.md5 = "0123456789abcdef0123456789abcdef";
    image.facts.os_hash_algo = "sha512";
    image.facts.os_hash_value = std::string(128, 'c');
    image.created_at = schemas::time_point{std::chrono::seconds{1'700'000'000 + number}};
    image.updated_at = image.created_at;
    put(image);
    std::ofstream{directory / "images" / image.id, std::ios::binary} << bytes;
    return image;
  }
  schemas::image_import put_import(int number, const std::string& project,
                                   schemas::image_import_status status = schemas::image_import_status::waiting) {
    schemas::image_import record;
    record.id = id_of(number);
    record.image_id = id_of(number + 500);
    record.project_id = project;
    record.status = status;
    record.request.location = "https://example.org/secret-of-" + project + ".qcow2";
    record.request.properties.name = "import " + std::to_string(number);
    record.created_at = schemas::time_point{std::chrono::seconds{1'700'000'000 + number}};
    record.updated_at = record.created_at;
    finish(record, status);
    put(record);
    return record;
  }
  /// What a final status must have beside it.
  static void finish(schemas::image_import& record, schemas::image_import_status status) {
    record.status = status;
    if (schemas::is_final(status))
      record.expires_at = record.created_at + std::chrono::hours{48};
    if (status == schemas::image_import_status::failure)
      record.why = schemas::failure{schemas::error_code::not_an_image, "The bytes are not a disk image."};
  }
  /// Tells the waiting watches that something changed.
  void announce() { caf::anon_send(supervisor, actors::recover_atom_v); }

  struct actor_configuration : caf::actor_system_config {
    actor_configuration() { actors::register_messages(*this); }
  };

  schemas::configuration configuration;
  actors::serving_signals signals;
  actors::service_metrics metrics;
  schemas::live_configuration live{schemas::configuration{}};
  std::filesystem::path directory;
  std::shared_ptr<fake_world> world = std::make_shared<fake_world>();
  actors::progress_board progress;
  actor_configuration actor_settings;
  std::unique_ptr<caf::actor_system> system = std::make_unique<caf::actor_system>(actor_settings);
  std::unique_ptr<persistence::record_store> records;
  std::unique_ptr<persistence::blob_store> blobs;
  actors::import_supervisor_actor supervisor;
  actors::lifetime_actor lifetime;
  actors::record_keeper_actor keeper;
  actors::bandwidth_supervisor_actor bandwidth;
  std::unique_ptr<api_server> api;

 private:
  template <class Change>
  void commit(Change change) {
    persistence::change_set set;
    set.emplace_back(std::move(change));
    const auto outcomes = records->commit(std::vector<persistence::change_set>{std::move(set)});
    if (!outcomes.at(0))
      throw std::runtime_error{outcomes.at(0).error().message};
  }
};

}  // namespace sluice::http
