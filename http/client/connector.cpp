// SPDX-License-Identifier: Apache-2.0
#include "http/client/connector.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include <openssl/x509_vfy.h>
#include <spdlog/spdlog.h>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/this_coro.hpp>

#include "http/client/tls_client.hpp"

namespace sluice::http {

namespace asio = boost::asio;
using actors::source_failure;
using steady = std::chrono::steady_clock;

namespace {

tl::unexpected<source_failure> unreachable(const schemas::location& to, std::string_view reason, bool transient) {
  spdlog::debug("source unreachable host={} port={} reason=\"{}\"", to.host, to.port, reason);
  return tl::unexpected<source_failure>{
      source_failure{schemas::failure{schemas::error_code::source_unreachable,
                                      "Could not retrieve image. The source host could not be reached."},
                     transient}};
}

}  // namespace

connector::connector(address_policy policy, std::shared_ptr<asio::ssl::context> tls, const fetch_limits& limits,
                     std::size_t resolver_threads)
    : policy_{std::move(policy)}, tls_{std::move(tls)}, limits_{limits}, resolver_{resolver_threads} {}

asio::awaitable<actors::source_result<connector::addresses>> connector::find(const schemas::location& to) {
  auto answer = co_await resolver_.resolve(to.host, steady::now() + limits_.resolve);
  if (answer.error)
    co_return unreachable(to, answer.error.message(), answer.error != asio::error::host_not_found);

  const auto own = own_addresses();
  std::string_view last_reason = "no address";
  addresses out;
  for (const auto& each : answer.addresses) {
    if (const auto reason = policy_.refusal(each, own)) {
      last_reason = *reason;
      spdlog::warn("source address refused host={} address={} reason=\"{}\"", to.host, each.to_string(), *reason);
    } else if (out.size() < limits_.addresses && std::ranges::find(out, each) == out.end()) {
      out.push_back(each);
    }
  }
  if (out.empty())
    co_return unreachable(to, last_reason, false);
  co_return out;
}

asio::awaitable<connector::connected> connector::connect(schemas::location to, std::shared_ptr<live_connection> live) {
  const auto executor = co_await asio::this_coro::executor;
  const auto found = co_await find(to);
  if (!found)
    co_return tl::unexpected<source_failure>{found.error()};

  const auto give_up = steady::now() + limits_.connect_all;
  std::string reason = "timed out";
  for (const auto& address : *found) {
    const auto now = steady::now();
    if (now >= give_up)
      break;
    auto fresh = std::make_shared<source_connection>(executor);
    if (!live->adopt(fresh))
      co_return unreachable(to, "aborted", true);
    const asio::ip::tcp::endpoint peer{address, to.port};
    const auto deadline = std::min(now + limits_.connect_one, give_up);
    const auto error = co_await fresh->connect(peer, limits_.receive_buffer, deadline);
    if (error) {
      reason = error.message();
      continue;
    }
    if (!to.secure())
      co_return fresh;
    co_return co_await shake_hands(to, std::move(fresh));
  }
  live->release();
  co_return unreachable(to, reason, true);
}

asio::awaitable<connector::connected> connector::shake_hands(const schemas::location& to,
                                                             std::shared_ptr<source_connection> fresh) {
  const auto error = co_await fresh->handshake(*tls_, to.host, steady::now() + limits_.handshake);
  if (!error)
    co_return fresh;
  const auto verdict = fresh->certificate_verdict();
  const bool of_tls = error.category() == asio::error::get_ssl_category();
  if (verdict == X509_V_OK && !of_tls)
    co_return unreachable(to, error.message(), true);
  spdlog::debug("source failed the TLS handshake host={} verdict={} reason=\"{}\"", to.host, verdict, error.message());
  co_return tl::unexpected<source_failure>{source_failure{certificate_failure(verdict), false}};
}

}  // namespace sluice::http
