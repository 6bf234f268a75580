// SPDX-License-Identifier: Apache-2.0
#include "http/api/lent_token.hpp"

#include <algorithm>
#include <utility>

#include "http/tokens/caller_tokens.hpp"
#include "schemas/remote_image.hpp"
#include "schemas/swift_location.hpp"

namespace sluice::http {
namespace {

/// Does the catalog name this origin? Its URLs are the operator's: any port will do.
bool is_object_store(const std::string& origin, const std::vector<std::string>& urls) {
  schemas::sources_configuration any;
  any.ports.clear();
  return std::ranges::any_of(urls, [&](const std::string& url) {
    const auto parsed = schemas::parse_location(url, any);
    return parsed && parsed->origin() == origin;
  });
}

std::string lend(const exchange& at, std::string token, std::string location, std::string origin) {
  const auto until = caller_tokens::clock::now() + at.state.parts.configuration.imports.deadline;
  return location + '#' + at.state.parts.lent_tokens->keep(std::move(token), std::move(origin), until);
}

}  // namespace

std::string with_lent_token(const exchange& at, std::string location) {
  const auto& parts = at.state.parts;
  const auto token = at.asked.field("X-Auth-Token");
  if (parts.tokens == nullptr || parts.lent_tokens == nullptr || token.empty())
    return location;
  if (schemas::is_remote_image(location)) {
    const auto image = schemas::parse_remote_image(location, parts.configuration.sources);
    if (!image)
      return location;
    return lend(at, std::string{token}, std::move(location), image->record.origin());
  }
  if (!schemas::is_swift_location(location))
    return location;
  const auto swift = schemas::parse_swift_location(location, parts.configuration.sources);
  if (!swift || swift->access != schemas::swift_access::open || swift->temporary)
    return location;
  const auto origin = swift->where.origin();
  if (!is_object_store(origin, parts.tokens->object_stores()))
    return location;
  return lend(at, std::string{token}, std::move(location), origin);
}

}  // namespace sluice::http
