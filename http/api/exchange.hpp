// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "http/api/service.hpp"
#include "http/server/event_loop.hpp"
#include "http/server/limits.hpp"
#include "http/server/message.hpp"
#include "http/server/router.hpp"
#include "schemas/image_import.hpp"

namespace sluice::http {

/// What the resources share: the parts, the bounds, and the count of what is bounded.
struct api_state {
  api_state(service_parts p, const server_limits& l) : parts{std::move(p)}, limits{l} {}

  service_parts parts;
  const server_limits& limits;
  std::atomic<std::size_t> event_streams{0};
};

/// One request on its way through a resource: what was asked, by whom, for which id.
struct exchange {
  exchange(api_state& s, const request& r, event_loop& l) : state{s}, asked{r}, loop{l} {}

  api_state& state;
  const request& asked;
  event_loop& loop;
  schemas::identity who;
  std::string parameter;  ///< what stood for `{…}` in the route; not yet known to be an id
};

using resource_handler = std::function<boost::asio::awaitable<response>(exchange&)>;
using api_router = router<resource_handler>;

/// Scheme and authority for absolute URLs in answers, without a trailing slash: what the operator configured, else
/// what the client asked for (checked when the head was read), else the address it reached.
[[nodiscard]] std::string base_url(const exchange& at);

}  // namespace sluice::http
