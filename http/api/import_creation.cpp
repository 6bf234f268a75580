// SPDX-License-Identifier: Apache-2.0
#include "http/api/import_creation.hpp"

#include <string>
#include <utility>

#include "actors/coroutines/ask.hpp"
#include "http/api/lent_token.hpp"
#include "http/server/negotiation.hpp"

namespace sluice::http {

using schemas::image_import;

schemas::result<void> expects_json(const request& asked, std::string_view what) {
  if (is_json_media_type(asked.field("Content-Type"), "application/json"))
    return {};
  return schemas::refuse(schemas::error_code::unsupported_media_type,
                         std::string{"Content-Type: expected application/json, in UTF-8. Send "}.append(what).append(
                             " as a JSON object."));
}

schemas::result<void> may_be_visible(const exchange& at, const schemas::image_properties& properties,
                                     std::string_view pointer) {
  const auto rule = visibility_refused(at, properties.visibility.value_or(""));
  if (!rule)
    return {};
  return schemas::refuse(schemas::error_code::property_forbidden,
                         "Expected another visibility: " + *properties.visibility + " needs a role that the policy's " +
                             std::string{to_string(*rule)} + " names.",
                         std::string{pointer}.append("/visibility"));
}

image_import draft_import(const exchange& at, schemas::import_origin origin) {
  image_import draft;
  draft.project_id = at.who.project_id;
  draft.user_id = at.who.user_id;
  draft.origin = origin;
  draft.request_id = at.asked.request_id;
  return draft;
}

boost::asio::awaitable<schemas::result<image_import>> begin_import(exchange& at, image_import draft) {
  draft.request.location = with_lent_token(at, std::move(draft.request.location));
  const auto& parts = at.state.parts;
  auto pending = actors::ask<image_import>(parts.system, parts.imports, at.state.limits.create_deadline,
                                           actors::create_atom_v, std::move(draft));
  co_return co_await std::move(pending);
}

}  // namespace sluice::http
