// SPDX-License-Identifier: Apache-2.0
#include "http/api/operations.hpp"

#include <chrono>
#include <utility>

#include "actors/coroutines/ask.hpp"
#include "actors/metrics/exposition.hpp"
#include "schemas/json_writing.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
using schemas::json_writer;

/// A scrape or a probe is repeated soon: it does not wait for what is stuck.
constexpr std::chrono::seconds patience{2};

asio::awaitable<response> metrics(exchange& at) {
  const auto& parts = at.state.parts;
  actors::exposed_facts facts;
  if (parts.sample)
    parts.sample(facts);
  facts.store_free = parts.blobs.free_bytes();
  auto pending = actors::ask<actors::bandwidth_report>(parts.system, parts.bandwidth, patience, actors::report_atom_v);
  auto report = co_await std::move(pending);
  if (report)
    facts.bandwidth = std::move(*report);
  response given;
  given.content_type = actors::exposition_content_type;
  given.body = actors::exposition(parts.metrics, parts.signals, facts);
  co_return given;
}

asio::awaitable<response> operator_healthcheck(exchange& at) {
  const auto& parts = at.state.parts;
  // An empty change goes the whole way to the store and back.
  actors::record_changes nothing;
  auto keeper =
      actors::ask<actors::done_atom>(parts.system, parts.keeper, patience, actors::commit_atom_v, std::move(nothing));
  const bool records_answer = (co_await std::move(keeper)).has_value();
  auto imports =
      actors::ask<std::uint64_t>(parts.system, parts.imports, patience, actors::position_atom_v, std::string());
  const bool imports_answer = (co_await std::move(imports)).has_value();
  auto bandwidth =
      actors::ask<actors::bandwidth_report>(parts.system, parts.bandwidth, patience, actors::report_atom_v);
  const bool bandwidth_answers = (co_await std::move(bandwidth)).has_value();
  const bool writable = records_answer && parts.metrics.records_writable.load(std::memory_order_relaxed);
  const auto free_bytes = parts.blobs.free_bytes();
  const bool well = writable && imports_answer && bandwidth_answers && free_bytes > 0;
  json_writer document{{"status", well ? "ok" : "failing"}};
  document["records_writable"] = writable;
  document["store_free_bytes"] = free_bytes;
  document["supervisors"] = {
      {"record-keeper", records_answer}, {"imports", imports_answer}, {"bandwidth", bandwidth_answers}};
  response given;
  given.status = well ? 200 : 503;
  given.content_type = "application/json";
  given.body = schemas::written(document);
  co_return given;
}

}  // namespace

void add_metrics(api_router& routes) {
  routes.add(verb::get, "/metrics", metrics);
}

void add_operator_healthcheck(api_router& routes) {
  routes.add(verb::get, "/healthcheck", operator_healthcheck);
}

}  // namespace sluice::http
