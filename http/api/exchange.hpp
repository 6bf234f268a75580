// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "http/api/faults.hpp"
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
  std::string parameter;  ///< what stood for the first `{…}` in the route; not yet known to be an id
  std::string second;     ///< what stood for the second one
};

/// How a removal is answered: 204; as if it had never been there, word for word, when it is gone already; else why not.
[[nodiscard]] inline response removed(const exchange& at, const schemas::result<actors::done_atom>& done,
                                      response (*absent)(std::string_view id, const request& asked)) {
  if (!done)
    return done.error().code == schemas::error_code::not_found ? absent(at.parameter, at.asked)
                                                               : fault(done.error(), at.asked);
  response gone;
  gone.status = 204;
  return gone;
}

using resource_handler = std::function<boost::asio::awaitable<response>(exchange&)>;
using api_router = router<resource_handler>;

/// Scheme and authority for absolute URLs in answers, without a trailing slash: what the operator configured, else
/// what the client asked for (checked when the head was read), else the address it reached.
[[nodiscard]] std::string base_url(const exchange& at);

}  // namespace sluice::http
