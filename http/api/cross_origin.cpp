// SPDX-License-Identifier: Apache-2.0
#include "http/api/cross_origin.hpp"

#include <algorithm>

namespace sluice::http {
namespace {

// What is allowed does not depend on the resource: whether there is one, and for whom, is told with the answer itself.
constexpr auto allowed_methods = "GET, HEAD, POST, PUT, PATCH, DELETE";
constexpr auto readable_fields =
    "Content-MD5, Content-Range, Location, OpenStack-image-import-methods, OpenStack-image-store-ids, Retry-After, "
    "X-Openstack-Request-Id";
/// No field by which a proxy says who asks is among them.
constexpr auto sendable_fields =
    "Accept, Content-Type, Prefer, Range, X-Auth-Token, X-Image-Meta-Store, X-OpenStack-Image-Size, "
    "X-OpenStack-Request-ID";
constexpr auto preflight_life = "600";  // seconds; Chromium keeps no answer for more than two hours

}  // namespace

bool cross_origin::is_allowed(const request& asked) const {
  const auto origin = asked.field("Origin");
  return !origin.empty() && std::ranges::find(allowed_, origin) != allowed_.end();
}

std::optional<response> cross_origin::preflight(const request& asked) const {
  if (asked.method != verb::options || asked.field("Access-Control-Request-Method").empty() || !is_allowed(asked))
    return std::nullopt;
  response given{204, "", ""};
  given.fields.emplace_back("Access-Control-Allow-Methods", allowed_methods);
  given.fields.emplace_back("Access-Control-Allow-Headers", sendable_fields);
  given.fields.emplace_back("Access-Control-Max-Age", preflight_life);
  return given;
}

void cross_origin::open(const request& asked, response& given) const {
  if (allowed_.empty())
    return;
  given.fields.emplace_back("Vary", "Origin");
  if (!is_allowed(asked))
    return;
  given.fields.emplace_back("Access-Control-Allow-Origin", asked.field("Origin"));
  given.fields.emplace_back("Access-Control-Expose-Headers", readable_fields);
}

}  // namespace sluice::http
