// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <caf/all.hpp>

#include "actors/messages.hpp"
#include "actors/ports.hpp"
#include "actors/protocol.hpp"
#include "http/api/service.hpp"
#include "persistence/blob_store.hpp"
#include "persistence/record_store.hpp"
#include "tests/http/server/fake_actors.hpp"
#include "tests/http/server/raw_client.hpp"
#include "tests/support/temporary_directory.hpp"

namespace sluice::http {

inline const std::string project_a = "X-Identity-Status: Confirmed\r\nX-Project-Id: a\r\nX-Roles: member\r\n";
inline const std::string project_b = "X-Identity-Status: Confirmed\r\nX-Project-Id: b\r\nX-Roles: member\r\n";
inline const std::string administrator = "X-Identity-Status: Confirmed\r\nX-Project-Id: z\r\nX-Roles: Admin\r\n";

/// An id that is a valid UUID and readable: `id_of(7)`.
inline std::string id_of(int number) {
  const auto digits = std::to_string(number);
  return "00000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
}

/// A served API on real sockets, over real stores in a directory of its own and actors that only pretend.
class api_fixture {
 public:
  /// `tokens` is who validates tokens in mode "keystone".
  explicit api_fixture(server_limits limits = {}, schemas::auth_mode mode = schemas::auth_mode::trusted_headers,
                       token_validator* tokens = nullptr);
  ~api_fixture();
  api_fixture(const api_fixture&) = delete;
  api_fixture& operator=(const api_fixture&) = delete;

  [[nodiscard]] std::string endpoint() const { return api->api_endpoint(); }
  /// One request to the operators' port.
  reply ask_operator(const std::string& method, const std::string& target, const std::string& fields = {},
                     const std::string& body = {}) const;
  /// One request on a connection of its own.
  reply ask(const std::string& method, const std::string& target, const std::string& fields = project_a,
            const std::string& body = {}) const;

  void put(const schemas::image_import& record);
  void put(const schemas::image& record);
  void put(const schemas::image_member& record);
  void erase_import(const std::string& id);
  /// An active image with these bytes.
  schemas::image put_image(int number, const std::string& owner, const std::string& bytes,
                           const std::string& visibility = "shared");
  schemas::image_import put_import(int number, const std::string& project,
                                   schemas::image_import_status status = schemas::image_import_status::waiting);
  /// What a final status must have beside it.
  static void finish(schemas::image_import& record, schemas::image_import_status status);
  /// Tells the waiting watches that something changed.
  void announce();

  struct actor_configuration : caf::actor_system_config {
    actor_configuration() { actors::register_messages(*this); }
  };

  struct system_clock final : actors::wall_clock {
    [[nodiscard]] schemas::time_point now() const override {
      return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
    }
  };

  system_clock clock;
  schemas::configuration configuration;
  actors::serving_signals signals;
  actors::service_metrics metrics;
  schemas::live_configuration live{schemas::configuration{}};
  tests::temporary_directory directory;
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
  actors::record_keeper_actor writer;  ///< a real one
  actors::image_registry_actor images;
  actors::upload_board uploads;
  actors::reverification_actor reverification;
  std::unique_ptr<api_server> api;
};

}  // namespace sluice::http
