// SPDX-License-Identifier: Apache-2.0
#include "tests/http/server/api_fixture.hpp"

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <utility>
#include <vector>

#include "actors/images/image_registry.hpp"
#include "actors/records/record_keeper.hpp"

namespace sluice::http {
namespace {

template <class Change>
void commit_to(persistence::record_store& records, Change change) {
  persistence::change_set set;
  set.emplace_back(std::move(change));
  const auto outcomes = records.commit(std::vector<persistence::change_set>{std::move(set)});
  if (!outcomes.at(0))
    throw std::runtime_error{outcomes.at(0).error().message};
}

}  // namespace

api_fixture::api_fixture(server_limits limits, schemas::auth_mode mode, token_validator* tokens) {
  configuration.http.listen = "127.0.0.1:0";
  configuration.http.operator_listen = "127.0.0.1:0";
  configuration.auth.mode = mode;
  records = persistence::record_store::open(directory.path()).value();
  blobs = persistence::blob_store::open(directory.path(), 0).value();
  supervisor = spawn_fake_supervisor(*system, world);
  lifetime = spawn_fake_lifetime(*system, world);
  keeper = system->spawn<caf::detached>(actors::record_keeper, records.get(), actors::commit_observer{});
  bandwidth = spawn_fake_bandwidth(*system, world);
  writer = keeper;
  images = system->spawn(actors::image_registry, writer, records.get(), &clock);
  live.tell({[this](const schemas::bandwidth_configuration& fresh) {
               caf::anon_send(bandwidth, actors::configure_atom_v, actors::policy_of(fresh));
             },
             {}});
  reverification = spawn_fake_reverification(*system, world);
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
                                                   {},
                                                   tokens,
                                                   images,
                                                   &uploads,
                                                   reverification},
                                     limits);
  const auto started = api->start(2);
  if (!started)
    throw std::runtime_error{started.error().message};
}

api_fixture::~api_fixture() {
  api.reset();
  caf::anon_send_exit(supervisor, caf::exit_reason::kill);
  caf::anon_send_exit(lifetime, caf::exit_reason::kill);
  caf::anon_send_exit(images, caf::exit_reason::kill);
  caf::anon_send_exit(writer, caf::exit_reason::kill);
  caf::anon_send_exit(keeper, caf::exit_reason::kill);
  caf::anon_send_exit(bandwidth, caf::exit_reason::kill);
  keeper = nullptr;
  bandwidth = nullptr;
  images = nullptr;
  writer = nullptr;
  caf::anon_send_exit(reverification, caf::exit_reason::kill);
  reverification = nullptr;
  supervisor = nullptr;
  lifetime = nullptr;
  system.reset();
}

reply api_fixture::ask_operator(const std::string& method, const std::string& target, const std::string& fields,
                                const std::string& body) const {
  raw_client client{api->operator_endpoint()};
  return client.ask(method, target, fields + "Connection: close\r\n", body);
}

reply api_fixture::ask(const std::string& method, const std::string& target, const std::string& fields,
                       const std::string& body) const {
  raw_client client{endpoint()};
  return client.ask(method, target, fields + "Connection: close\r\n", body);
}

void api_fixture::put(const schemas::image_import& record) {
  persistence::put_import change;
  change.record = record;
  commit_to(*records, std::move(change));
}

void api_fixture::put(const schemas::image& record) {
  persistence::put_image change;
  change.record = record;
  commit_to(*records, std::move(change));
}

void api_fixture::put(const schemas::image_member& record) {
  persistence::put_member change;
  change.record = record;
  commit_to(*records, std::move(change));
}

void api_fixture::erase_import(const std::string& id) {
  persistence::erase_import change;
  change.id = id;
  commit_to(*records, std::move(change));
}

schemas::image api_fixture::put_image(int number, const std::string& owner, const std::string& bytes,
                                      const std::string& visibility) {
  schemas::image image;
  image.id = id_of(number);
  image.owner = owner;
  image.properties.name = "image " + std::to_string(number);
  image.properties.visibility = visibility;
  image.properties.disk_format = "qcow2";
  image.properties.container_format = "bare";
  image.status = schemas::image_status::active;
  image.facts.emplace();
  image.facts->size = bytes.size();
  image.facts->md5 = "0123456789abcdef0123456789abcdef";
  image.facts->os_hash_algo = "sha512";
  image.facts->os_hash_value = std::string(128, 'c');
  image.created_at = schemas::time_point{std::chrono::seconds{1'700'000'000 + number}};
  image.updated_at = image.created_at;
  put(image);
  std::ofstream{directory / "images" / image.id, std::ios::binary} << bytes;
  return image;
}

schemas::image_import api_fixture::put_import(int number, const std::string& project,
                                              schemas::image_import_status status) {
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

void api_fixture::finish(schemas::image_import& record, schemas::image_import_status status) {
  record.status = status;
  if (schemas::is_final(status))
    record.expires_at = record.created_at + std::chrono::hours{48};
  if (status == schemas::image_import_status::failure)
    record.why = schemas::failure{schemas::error_code::not_an_image, "The bytes are not a disk image."};
}

void api_fixture::announce() {
  caf::anon_send(supervisor, actors::recover_atom_v);
}

}  // namespace sluice::http
