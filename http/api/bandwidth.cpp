// SPDX-License-Identifier: Apache-2.0
#include "http/api/bandwidth.hpp"

#include <utility>

#include <spdlog/spdlog.h>

#include "actors/coroutines/ask.hpp"
#include "http/api/bandwidth_view.hpp"
#include "http/api/faults.hpp"
#include "http/server/negotiation.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
using schemas::error_code;
using schemas::failure;

constexpr std::string_view bandwidth_resource = "/v1/bandwidth";

asio::awaitable<response> state_now(exchange& at) {
  const auto& parts = at.state.parts;
  auto pending = actors::ask<actors::bandwidth_report>(parts.system, parts.bandwidth, at.state.limits.create_deadline,
                                                       actors::report_atom_v);
  const auto report = co_await std::move(pending);
  if (!report)
    co_return fault(report.error(), at.asked);
  response given;
  given.content_type = "application/json";
  given.fields.emplace_back("Cache-Control", "no-store");
  given.body = bandwidth_json(*report, parts.live.current().bandwidth);
  co_return given;
}

asio::awaitable<response> change(exchange& at) {
  const auto type = at.asked.field("Content-Type");
  if (!is_json_media_type(type, "application/merge-patch+json") && !is_json_media_type(type, "application/json"))
    co_return fault(failure(error_code::unsupported_media_type,
                            "Content-Type: expected application/merge-patch+json or application/json, in UTF-8."),
                    at.asked);
  if (const auto done = at.state.parts.live.patch(at.asked.body); !done)
    co_return fault(done.error(), at.asked);
  spdlog::info("bandwidth changed by=patch request={}", at.asked.request_id);
  // The supervisor has been told before it is asked: what it reports is the new state.
  auto pending = state_now(at);
  co_return co_await std::move(pending);
}

}  // namespace

void add_bandwidth(api_router& routes) {
  routes.add(verb::get, bandwidth_resource, state_now);
  routes.add(verb::patch, bandwidth_resource, change);
}

}  // namespace sluice::http
