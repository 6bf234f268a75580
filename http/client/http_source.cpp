// SPDX-License-Identifier: Apache-2.0
#include "http/client/http_source.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "http/client/connector.hpp"
#include "http/client/fetch.hpp"
#include "http/client/tls_client.hpp"
#include "http/tokens/caller_tokens.hpp"

namespace sluice::http {

namespace asio = boost::asio;

namespace {

constexpr std::size_t most_resolver_threads = 16;

template <class Value>
Value or_throw(schemas::result<Value> made) {
  if (!made)
    throw std::invalid_argument{made.error().message};
  return std::move(*made);
}

}  // namespace

http_source::http_source(std::shared_ptr<connector> network, std::shared_ptr<const caller_tokens> tokens,
                         schemas::sources_configuration sources, const fetch_limits& limits, std::string location)
    : fetch_{std::make_shared<fetch>(std::move(network), std::move(tokens), std::move(sources), limits,
                                     std::move(location))} {}

http_source::~http_source() {
  fetch_->abort();
}

asio::awaitable<actors::source_result<actors::source_offer>> http_source::open(std::uint64_t offset,
                                                                               std::string validator) {
  return fetch::open(fetch_, offset, std::move(validator));
}

asio::awaitable<actors::source_result<std::size_t>> http_source::read_some(std::span<std::byte> into) {
  return fetch::read_some(fetch_, into);
}

http_source_factory::http_source_factory(schemas::sources_configuration sources,
                                         const schemas::imports_configuration& imports)
    : http_source_factory{std::move(sources), fetch_limits{imports},
                          std::clamp<std::size_t>(imports.max_running, 1, most_resolver_threads)} {}

http_source_factory::http_source_factory(schemas::sources_configuration sources, const fetch_limits& limits,
                                         std::size_t resolver_threads)
    : sources_{std::move(sources)},
      limits_{limits},
      tokens_{std::make_shared<caller_tokens>()},
      network_{std::make_shared<connector>(or_throw(address_policy::from(sources_.allow_networks)),
                                           or_throw(make_tls_client(sources_.ca_file)), limits, resolver_threads)} {}

void http_source_factory::configure(const schemas::imports_configuration& imports) {
  const std::lock_guard guard{limits_mutex_};
  limits_ = fetch_limits{imports};
}

std::unique_ptr<actors::byte_source> http_source_factory::create(const asio::any_io_executor& /*where*/,
                                                                 const std::string& location) {
  const std::lock_guard guard{limits_mutex_};
  return std::make_unique<http_source>(network_, tokens_, sources_, limits_, location);
}

}  // namespace sluice::http
