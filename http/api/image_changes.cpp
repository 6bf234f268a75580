// SPDX-License-Identifier: Apache-2.0
#include "http/api/image_changes.hpp"

#include <optional>
#include <string>
#include <utility>

#include "actors/coroutines/ask.hpp"
#include "http/api/faults.hpp"
#include "http/api/import_methods.hpp"
#include "http/server/request_id.hpp"
#include "schemas/image_properties_reading.hpp"
#include "schemas/image_request.hpp"
#include "schemas/json.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
using schemas::error_code;
using schemas::failure;
using schemas::image;
using schemas::image_action;

constexpr std::string_view old_patch = "application/openstack-images-v2.0-json-patch";
constexpr std::string_view new_patch = "application/openstack-images-v2.1-json-patch";

response shown_image(const image& record, unsigned status) {
  return {status, "application/json", schemas::to_json(record)};
}

asio::awaitable<response> create_image(exchange& at) {
  auto draft = schemas::parse_new_image(at.asked.body, at.who);
  if (!draft)
    co_return fault(draft.error(), at.asked);
  if (const auto rule = visibility_refused(at, schemas::visibility_of(*draft)))
    co_return not_permitted(*rule, at.asked);
  const auto& parts = at.state.parts;
  auto pending = actors::ask<image>(parts.system, parts.images, at.state.limits.create_deadline, actors::create_atom_v,
                                    at.who, std::move(*draft));
  const auto made = co_await std::move(pending);
  if (!made)
    co_return fault(made.error(), at.asked);
  auto given = shown_image(*made, 201);
  given.fields.emplace_back("Location", base_url(at).append("/v2/images/").append(made->id));
  given.fields.emplace_back("OpenStack-image-import-methods", import_methods_field(at.state.parts.tokens != nullptr));
  given.fields.emplace_back("OpenStack-image-store-ids", std::string(schemas::store_id));
  co_return given;
}

/// The media type alone, without parameters.
std::optional<schemas::patch_dialect> dialect_of(std::string_view content_type) {
  auto type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' '))
    type.remove_suffix(1);
  if (type == new_patch)
    return schemas::patch_dialect::rfc_6902;
  if (type == old_patch)
    return schemas::patch_dialect::old_names;
  return std::nullopt;
}

asio::awaitable<response> update_image(exchange& at) {
  if (!is_uuid(at.parameter))
    co_return no_such_image(at.parameter, at.asked);
  const auto dialect = dialect_of(at.asked.field("Content-Type"));
  if (!dialect) {
    auto refused = fault(failure(error_code::unsupported_media_type,
                                 "Send the changes as one of the media types named in the Accept-Patch header."),
                         at.asked);
    refused.fields.emplace_back("Accept-Patch", std::string(old_patch).append(", ").append(new_patch));
    co_return refused;
  }
  auto changes = schemas::parse_image_patch(at.asked.body, *dialect);
  if (!changes)
    co_return fault(changes.error(), at.asked);
  for (const auto& change : *changes)
    if (change.attribute == "visibility")
      for (const std::string_view visibility : {"public", "community"})
        if (change.value == "\"" + std::string(visibility) + "\"")
          if (const auto rule = visibility_refused(at, visibility))
            co_return not_permitted(*rule, at.asked);
  actors::image_patch patch;
  patch.changes = std::move(*changes);
  const auto& parts = at.state.parts;
  auto pending = actors::ask<image>(parts.system, parts.images, at.state.limits.create_deadline, actors::update_atom_v,
                                    at.who, at.parameter, std::move(patch));
  const auto changed = co_await std::move(pending);
  if (!changed)
    co_return fault(changed.error(), at.asked);
  co_return shown_image(*changed, 200);
}

asio::awaitable<response> act(exchange& at, image_action action) {
  if (!is_uuid(at.parameter))
    co_return no_such_image(at.parameter, at.asked);
  const auto& parts = at.state.parts;
  auto pending = actors::ask<image>(parts.system, parts.images, at.state.limits.create_deadline, actors::act_atom_v,
                                    at.who, at.parameter, std::move(action));
  const auto done = co_await std::move(pending);
  if (!done)
    co_return fault(done.error(), at.asked);
  co_return no_content();
}

asio::awaitable<response> put_tag(exchange& at) {
  if (const auto sound = schemas::check_tag(at.second); !sound)
    co_return fault(sound.error(), at.asked);
  image_action action;
  action.what = image_action::kind::add_tag;
  action.tag = at.second;
  co_return co_await act(at, std::move(action));
}

asio::awaitable<response> delete_tag(exchange& at) {
  image_action action;
  action.what = image_action::kind::remove_tag;
  action.tag = at.second;
  co_return co_await act(at, std::move(action));
}

asio::awaitable<response> deactivate(exchange& at) {
  image_action action;
  action.what = image_action::kind::deactivate;
  co_return co_await act(at, std::move(action));
}

asio::awaitable<response> reactivate(exchange& at) {
  image_action action;
  action.what = image_action::kind::reactivate;
  co_return co_await act(at, std::move(action));
}

}  // namespace

void add_image_changes(api_router& routes) {
  using schemas::policy_rule;
  routes.add(verb::post, "/v2/images", policy_rule::add_image, create_image);
  routes.add(verb::patch, "/v2/images/{id}", policy_rule::modify_image, update_image);
  routes.add(verb::put, "/v2/images/{id}/tags/{tag}", policy_rule::modify_image, put_tag);
  routes.add(verb::delete_, "/v2/images/{id}/tags/{tag}", policy_rule::modify_image, delete_tag);
  routes.add(verb::post, "/v2/images/{id}/actions/deactivate", policy_rule::deactivate, deactivate);
  routes.add(verb::post, "/v2/images/{id}/actions/reactivate", policy_rule::reactivate, reactivate);
}

}  // namespace sluice::http
