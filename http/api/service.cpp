// SPDX-License-Identifier: Apache-2.0
#include "http/api/service.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include <spdlog/spdlog.h>

#include "http/api/authentication.hpp"
#include "http/api/cross_origin.hpp"
#include "http/api/exchange.hpp"
#include "http/api/faults.hpp"
#include "http/api/image_uploads.hpp"
#include "http/api/request_classes.hpp"
#include "http/api/routes.hpp"
#include "http/server/server.hpp"
#include "schemas/addresses.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
using schemas::error_code;
using schemas::failure;
using schemas::result;

/// Route, identity, resource: the same three steps for every request. Operators are known by the port they reach.
class api_handler final : public request_handler {
 public:
  enum class port : std::uint8_t { api, operators };
  /// `who` is null on the operators' port.
  api_handler(api_state& state, port which, authentication* who)
      : state_{state}, port_{which}, who_{who}, pages_{state.parts.configuration.http.allowed_origins} {}

  [[nodiscard]] api_router& routes() noexcept { return routes_; }

  bool streams_body(verb method, std::string_view path) const override {
    return port_ == port::api && is_upload(method, path);
  }

  asio::awaitable<response> handle(const request& asked, event_loop& loop) override {
    const auto began = std::chrono::steady_clock::now();
    const auto what = class_of(asked);
    if (port_ == port::api && is_serving(what))
      state_.parts.signals.requests.fetch_add(1, std::memory_order_relaxed);
    auto pending = answer(asked, loop);
    auto given = co_await std::move(pending);
    if (given.status == 401 && who_ != nullptr)
      given.fields.emplace_back("WWW-Authenticate", who_->challenge());
    if (port_ == port::api) {
      pages_.open(asked, given);
      state_.parts.metrics.answered(what, given.status, std::chrono::steady_clock::now() - began);
    }
    co_return given;
  }

 private:
  asio::awaitable<response> answer(const request& asked, event_loop& loop) {
    const auto& path = asked.target.path;
    if (auto preflight = port_ == port::api ? pages_.preflight(asked) : std::nullopt)
      co_return std::move(*preflight);
    exchange at{state_, asked, loop};
    const bool guarded = port_ == port::api && !is_open_to_all(path);
    if (guarded) {
      auto who = who_->at_once(asked, loop);
      if (!who) {
        auto pending = who_->in_time(asked, loop);
        who = co_await std::move(pending);
      }
      if (!*who)
        co_return fault(who->error(), asked);
      at.who = std::move(**who);
    }
    const auto found = routes_.find(asked.method, path);
    if (!found.handler && found.allow.empty())
      co_return fault(failure(error_code::not_found, "The resource could not be found."), asked);
    if (!found.handler) {
      auto refused =
          fault(failure(error_code::method_not_allowed, "This resource answers " + found.allow + " only."), asked);
      refused.fields.emplace_back("Allow", found.allow);
      co_return refused;
    }
    if (guarded && !permits(at, found.handler->rule))
      co_return not_permitted(found.handler->rule, asked);
    if (asked.has_body && asked.method != verb::post && asked.method != verb::patch && asked.method != verb::put)
      co_return fault(failure(error_code::invalid_request, "This method takes no body. Send the request without one."),
                      asked);
    at.parameter = found.parameter;
    at.second = found.second;
    co_return co_await found.handler->answer(at);
  }

  api_state& state_;
  port port_;
  authentication* who_;
  cross_origin pages_;
  api_router routes_;
};

server_options api_options(const schemas::configuration& configuration, const server_limits& limits) {
  server_options options;
  options.name = "serve";
  options.listen = configuration.http.listen;
  options.tls_certificate = configuration.http.tls_certificate;
  options.tls_key = configuration.http.tls_key;
  options.congestion_control = configuration.network.congestion_control;
  options.limits = limits;
  return options;
}

server_options operator_options(const schemas::configuration& configuration, const server_limits& limits) {
  server_options options;
  options.name = "operator";
  options.listen = configuration.http.operator_listen;
  options.limits = limits;
  return options;
}

}  // namespace

std::string base_url(const exchange& at) {
  const auto& configured = at.state.parts.configuration.http.public_endpoint;
  if (!configured.empty())
    return configured.substr(0, configured.find_last_not_of('/') + 1);
  const auto& absolute = at.asked.target.authority;
  const auto host = absolute.empty() ? at.asked.field("Host") : std::string_view{absolute};
  std::string base = at.asked.secure ? "https://" : "http://";
  return base.append(host.empty() ? std::string_view{at.asked.local_authority} : host);
}

class api_server::implementation {
 public:
  implementation(service_parts parts, server_limits chosen)
      : limits{chosen},
        state{std::move(parts), limits},
        who{state.parts.configuration, state.parts.tokens},
        api{state, api_handler::port::api, &who},
        operators{state, api_handler::port::operators, nullptr} {
    add_api_routes(api.routes());
    add_operator_routes(operators.routes());
  }

  result<void> start(std::size_t loops) {
    const auto& configuration = state.parts.configuration;
    auto options = api_options(configuration, limits);
    options.loops = loops != 0 ? loops : std::max(1U, std::thread::hardware_concurrency());
    if (auto prepared = who.prepare(options.loops); !prepared)
      return prepared;
    api_front = std::make_unique<server>(std::move(options), api, state.parts.signals);
    if (auto started = api_front->start(); !started)
      return started;
    if (const auto where = schemas::parse_listen_address(configuration.http.operator_listen);
        where && !where->is_loopback)
      spdlog::warn("the operators' port asks nobody who they are, and listens beyond loopback address={}",
                   configuration.http.operator_listen);
    operator_front = std::make_unique<server>(operator_options(configuration, limits), operators, operator_signals);
    return operator_front->start();
  }

  void stop(std::chrono::milliseconds grace) {
    if (state.parts.tokens != nullptr)
      state.parts.tokens->stop();  // known tokens go on; who waits for another is told at once
    if (operator_front)
      operator_front->stop(std::chrono::milliseconds{0});
    if (api_front)
      api_front->stop(grace);
  }

  const server_limits limits;
  api_state state;
  authentication who;
  api_handler api;
  api_handler operators;
  actors::serving_signals operator_signals;  ///< nobody gives way to the operator's port
  std::unique_ptr<server> api_front;
  std::unique_ptr<server> operator_front;
  const std::string no_endpoint;
};

api_server::api_server(service_parts parts, server_limits limits)
    : implementation_{std::make_unique<implementation>(std::move(parts), limits)} {}

api_server::~api_server() {
  stop(std::chrono::milliseconds{0});
}

result<void> api_server::start(std::size_t loops) {
  return implementation_->start(loops);
}

const std::string& api_server::api_endpoint() const noexcept {
  return implementation_->api_front ? implementation_->api_front->endpoint() : implementation_->no_endpoint;
}

const std::string& api_server::operator_endpoint() const noexcept {
  return implementation_->operator_front ? implementation_->operator_front->endpoint() : implementation_->no_endpoint;
}

void api_server::stop(std::chrono::milliseconds grace) {
  implementation_->stop(grace);
}

}  // namespace sluice::http
