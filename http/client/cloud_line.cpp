// SPDX-License-Identifier: Apache-2.0
#include "http/client/cloud_line.hpp"

#include <array>
#include <span>
#include <utility>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "http/client/body_reader.hpp"
#include "http/client/exchange.hpp"
#include "http/client/live_connection.hpp"
#include "http/client/tls_client.hpp"

namespace sluice::http {

namespace asio = boost::asio;
using schemas::error_code;
using schemas::result;

namespace {

constexpr std::size_t longest_body = std::size_t{1} << 20;
constexpr std::size_t resolver_threads = 2;
constexpr std::size_t read_step = 16 << 10;

tl::unexpected<schemas::failure> unavailable(std::string words) {
  return schemas::refuse(error_code::overloaded, std::move(words));
}

/// What the failure of a source says, without the words for the owner of an import.
tl::unexpected<schemas::failure> unavailable(const actors::source_failure& why) {
  switch (why.why.code) {
    case error_code::source_unreachable: return unavailable("it could not be reached");
    case error_code::source_tls: return unavailable("its certificate does not hold");
    case error_code::source_stalled: return unavailable("it did not answer in time");
    case error_code::source_truncated: return unavailable("it closed the connection without a complete answer");
    default: return unavailable("its answer is not sound HTTP/1.1");
  }
}

/// Ends the connection when the time is over. Owned by the coroutine that waits.
class time_limit {
 public:
  time_limit(const asio::any_io_executor& where, std::shared_ptr<live_connection> live,
             std::chrono::steady_clock::time_point deadline)
      : timer_{where, deadline} {
    timer_.async_wait([live = std::move(live)](const boost::system::error_code& cancelled) {
      if (!cancelled)
        live->abort();
    });
  }

 private:
  asio::steady_timer timer_;
};

std::string text_of(const cloud_request& request, const schemas::location& base) {
  auto out = request.method + ' ' + base.target + request.path + " HTTP/1.1\r\nHost: " + base.host_header() +
             "\r\nUser-Agent: sluice/0.1\r\nAccept: " + request.accept +
             "\r\nAccept-Encoding: identity\r\nConnection: close\r\n" + request.fields;
  if (!request.body.empty())
    out += "Content-Type: application/json\r\nContent-Length: " + std::to_string(request.body.size()) + "\r\n";
  return out + "\r\n" + request.body;
}

}  // namespace

cloud_line::cloud_line(schemas::location base, fetch_limits limits, std::shared_ptr<connector> network)
    : base_{std::move(base)}, limits_{limits}, network_{std::move(network)} {}

cloud_endpoint endpoint_of(const schemas::keystone_configuration& keystone) {
  return {"auth.keystone", keystone.url, "/v3", keystone.ca_file, keystone.timeout};
}

result<cloud_line> cloud_line::to(const cloud_endpoint& where) {
  schemas::sources_configuration any_port;
  any_port.schemes = {"http", "https"};
  any_port.ports.clear();
  auto base = schemas::parse_location(where.url, any_port);
  if (!base)
    return schemas::refuse(error_code::invalid_request, where.section + ".url: " + base.error().message);
  base->target.erase(base->target.find_last_not_of('/') + 1);
  if (!base->target.ends_with(where.version))
    base->target += where.version;
  auto tls = make_tls_client(where.ca_file, where.section + ".ca_file");
  if (!tls)
    return tl::unexpected{tls.error()};
  auto everywhere = address_policy::from({"0.0.0.0/0", "::/0"});
  if (!everywhere)
    return tl::unexpected{everywhere.error()};
  fetch_limits limits;
  limits.resolve = limits.connect_one = limits.connect_all = limits.handshake = where.timeout;
  limits.first_answer = limits.idle = where.timeout;
  limits.minimum_rate = 0;
  auto network = std::make_shared<connector>(std::move(*everywhere), std::move(*tls), limits, resolver_threads);
  return cloud_line{std::move(*base), limits, std::move(network)};
}

bool cloud_line::is_private() const {
  boost::system::error_code not_an_address;
  const auto address = asio::ip::make_address(base_.host, not_an_address);
  return base_.secure() || base_.host == "localhost" || (!not_an_address && address.is_loopback());
}

asio::awaitable<result<cloud_answer>> cloud_line::send(cloud_request request,
                                                       std::chrono::steady_clock::time_point deadline) const {
  const auto live = std::make_shared<live_connection>();
  const auto executor = co_await asio::this_coro::executor;
  const time_limit limit{executor, live, deadline};
  auto opened = co_await network_->connect(base_, live);
  if (!opened)
    co_return unavailable(opened.error());
  auto text = text_of(request, base_);
  auto got = co_await ask(*opened, std::move(text), limits_);
  if (!got)
    co_return unavailable(got.error());
  cloud_answer out;
  out.status = got->head.status;
  out.subject_token = got->head.subject_token;
  if (got->head.framing == body_framing::until_close || got->head.encoded) {
    live->release();
    if (out.status >= 200 && out.status < 300)
      co_return unavailable("it does not say how long its answer is, or compressed it");
    co_return out;  // the status alone says enough
  }
  body_reader body{*opened, std::move(*got), limits_};
  std::array<std::byte, read_step> block;
  const std::span<std::byte> into{block};
  for (;;) {
    auto received = co_await body.read_some(into);
    if (!received)
      co_return unavailable(received.error());
    if (*received == 0)
      break;
    if (out.body.size() + *received > longest_body)
      co_return unavailable("its answer is longer than 1 MiB");
    out.body.append(reinterpret_cast<const char*>(block.data()), *received);
  }
  live->release();
  co_return out;
}

}  // namespace sluice::http
