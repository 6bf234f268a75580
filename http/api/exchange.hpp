// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <optional>
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
#include "schemas/policy.hpp"

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

[[nodiscard]] inline response no_content() {
  response given;
  given.status = 204;
  return given;
}

/// How a removal is answered: 204; as if it had never been there, word for word, when it is gone already; else why not.
[[nodiscard]] inline response removed(const exchange& at, const schemas::result<actors::done_atom>& done,
                                      response (*absent)(std::string_view id, const request& asked)) {
  if (!done)
    return done.error().code == schemas::error_code::not_found ? absent(at.parameter, at.asked)
                                                               : fault(done.error(), at.asked);
  return no_content();
}

/// May who asks do what `rule` is about? For what depends on more than the route; routes have their rule in the table.
[[nodiscard]] inline bool permits(const exchange& at, schemas::policy_rule rule) noexcept {
  return at.state.parts.configuration.policy.allows(rule, at.who);
}

/// The rule that who asks breaks by giving an image this `visibility`; nothing when it may.
[[nodiscard]] inline std::optional<schemas::policy_rule> visibility_refused(const exchange& at,
                                                                            std::string_view visibility) noexcept {
  using schemas::policy_rule;
  if (visibility == "public" && !permits(at, policy_rule::publicize_image))
    return policy_rule::publicize_image;
  if (visibility == "community" && !permits(at, policy_rule::communitize_image))
    return policy_rule::communitize_image;
  return std::nullopt;
}

using resource_handler = std::function<boost::asio::awaitable<response>(exchange&)>;

/// Who answers a route, and the rule of the policy that says who may ask.
struct guarded_handler {
  resource_handler answer;
  schemas::policy_rule rule;
};

/// The table of routes. Each has its rule, held up in one place before its handler runs: a handler never sees a request
/// whose roles are not enough.
class api_router : public router<guarded_handler> {
 public:
  void add(verb method, std::string_view pattern, schemas::policy_rule rule, resource_handler handler) {
    router::add(method, pattern, guarded_handler{std::move(handler), rule});
  }
  /// For routes that Glance has no rule for: what only reads is for whoever may list images, the rest for whoever may
  /// change one.
  void add(verb method, std::string_view pattern, resource_handler handler) {
    const bool reads = method == verb::get || method == verb::head;
    add(method, pattern, reads ? schemas::policy_rule::get_images : schemas::policy_rule::modify_image,
        std::move(handler));
  }
};

/// Scheme and authority for absolute URLs in answers, without a trailing slash: what the operator configured, else
/// what the client asked for (checked when the head was read), else the address it reached.
[[nodiscard]] std::string base_url(const exchange& at);

}  // namespace sluice::http
