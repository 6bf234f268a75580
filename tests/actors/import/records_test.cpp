// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include <catch2/catch.hpp>

#include "actors/actor_tree.hpp"
#include "actors/bandwidth/bandwidth_supervisor.hpp"
#include "actors/coroutines/ask.hpp"
#include "tests/support/import_world.hpp"

using namespace sluice;
using namespace std::chrono_literals;
using schemas::error_code;
using schemas::failure;
using tests::import_world;

TEST_CASE("a failure crosses between actors unchanged") {
  const failure why{error_code::too_many_imports, "Wait.", "/location"};
  CHECK(actors::to_failure(actors::to_error(why)) == why);
}

TEST_CASE("the framework's own errors become words that a user can act on") {
  CHECK(actors::to_failure(caf::make_error(caf::sec::request_timeout)).code == error_code::overloaded);
  CHECK(actors::to_failure(caf::make_error(caf::sec::request_receiver_down)).code == error_code::service_stopping);
  CHECK(actors::to_failure(caf::make_error(caf::sec::runtime_error)).code == error_code::internal_error);
}

TEST_CASE("records travel between nodes as the bytes that the store keeps") {
  tests::deterministic_system nodes;
  auto record = import_world::draft();
  record.id = "0d3b6c1e-0000-4000-8000-000000000001";
  record.facts = import_world::staged_outcome().facts;
  actors::record_changes sent;
  sent.put_imports.push_back(record);
  sent.erase_images.push_back("x");
  actors::import_checkpoint point;
  point.durable_bytes = 7;
  caf::binary_serializer::container_type wire;
  caf::binary_serializer out{nodes.system, wire};
  REQUIRE_FALSE(out(sent, point));
  actors::record_changes received;
  actors::import_checkpoint received_point;
  received_point.total = 99;
  caf::binary_deserializer in{nodes.system, wire};
  REQUIRE_FALSE(in(received, received_point));
  REQUIRE(received.put_imports.size() == 1);
  CHECK(received.put_imports.front() == record);
  CHECK(received.erase_images == sent.erase_images);
  CHECK(received_point == point);
}

TEST_CASE("callers that wait together are committed together, and one bad change does not hurt the others") {
  import_world world;
  auto first = import_world::draft(), second = import_world::draft();
  first.id = "0d3b6c1e-0000-4000-8000-000000000001";
  second.id = "0d3b6c1e-0000-4000-8000-000000000002";
  actors::record_changes a, b;
  a.put_imports.push_back(first);
  b.put_imports.push_back(second);
  auto one = world.actors_.self->request(world.keeper, caf::timespan{1h}, actors::commit_atom_v, a);
  auto two = world.actors_.self->request(world.keeper, caf::timespan{1h}, actors::commit_atom_v, b);
  world.actors_.deliver_messages();
  int done = 0;
  one.receive([&](actors::done_atom) { ++done; }, [](const caf::error&) {});
  two.receive([&](actors::done_atom) { ++done; }, [](const caf::error&) {});
  CHECK(done == 2);
  CHECK(world.records->find_import(first.id));
  CHECK(world.records->find_import(second.id));
}

TEST_CASE("a record keeper that is told to go writes what it has taken first") {
  import_world world;
  auto record = import_world::draft();
  record.id = "0d3b6c1e-0000-4000-8000-000000000001";
  actors::record_changes changes;
  changes.put_imports.push_back(record);
  auto pending = world.actors_.self->request(world.keeper, caf::timespan{1h}, actors::commit_atom_v, changes);
  caf::anon_send_exit(world.keeper, caf::exit_reason::user_shutdown);
  world.actors_.deliver_messages();
  bool settled = false;
  pending.receive([&](actors::done_atom) { settled = true; }, [&](const caf::error&) {});
  CHECK(settled == world.records->find_import(record.id).has_value());
}
