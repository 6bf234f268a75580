// SPDX-License-Identifier: Apache-2.0
#include "http/api/interoperable_import.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/coroutines/ask.hpp"
#include "http/api/faults.hpp"
#include "http/api/images.hpp"
#include "http/api/import_creation.hpp"
#include "schemas/interoperable_import.hpp"
#include "schemas/remote_image.hpp"
#include "schemas/task.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
using schemas::error_code;
using schemas::failure;
using schemas::image_import;
using schemas::image_status;
using schemas::import_method;

/// Imports into one image that are shown; they vanish at their expiry, so that there are few.
constexpr std::uint32_t most_shown = 1000;

response accepted() {
  response given;
  given.status = 202;
  return given;
}

/// The status from which `method` starts.
image_status start_of(import_method method) noexcept {
  switch (method) {
    case import_method::glance_direct: return image_status::uploading;
    case import_method::web_download:
    case import_method::glance_download: return image_status::queued;
    case import_method::copy_image: break;
  }
  return image_status::active;
}

/// Why Glance answers 409 before it begins.
schemas::result<void> check_state(const schemas::image& image, import_method method) {
  const auto& properties = image.properties;
  if (properties.extra.contains(std::string{schemas::import_marks::task}))
    return schemas::refuse(error_code::conflict, "Image has an active task: import it again when that has ended.");
  if (image.status != start_of(method))
    return schemas::refuse(error_code::conflict, std::string{to_string(method)} + " needs an image that is " +
                                                     std::string{to_string(start_of(method))} + ", but this one is " +
                                                     std::string{to_string(image.status)} + ".");
  if (!properties.container_format)
    return schemas::refuse(error_code::conflict, "'container_format' needs to be set before import");
  if (!properties.disk_format)
    return schemas::refuse(error_code::conflict, "'disk_format' needs to be set before import");
  return {};
}

image_import draft_of(const exchange& at, const schemas::image& image, const schemas::interoperable_import& wanted) {
  auto draft = draft_import(at, schemas::import_origin::interoperable);
  draft.image_id = image.id;
  draft.asked = wanted.asked;
  draft.request.location = wanted.location;
  draft.request.properties = image.properties;
  if (wanted.method == import_method::glance_download) {
    const auto& remote = wanted.remote;
    const auto endpoint = at.state.parts.tokens->endpoint("image", remote.region, remote.interface);
    draft.request.location = schemas::remote_image_location(endpoint, remote.image_id);
    draft.request.properties.disk_format.reset();  // it will be that of the bytes, whatever was said here
  }
  std::erase_if(draft.request.properties.extra,
                [](const auto& property) { return property.first.starts_with("os_glance"); });
  return draft;
}

/// The store that the image is in is the only one: a copy to all of them has come to its end before it begins. The
/// image says so as after any import, since that is what clients wait for.
asio::awaitable<response> copy(exchange& at, const schemas::image& image, const schemas::interoperable_import& wanted) {
  if (!permits(at, schemas::policy_rule::copy_image))
    co_return not_permitted(schemas::policy_rule::copy_image, at.asked);
  if (!wanted.all_stores)
    co_return fault(
        failure(error_code::invalid_request,
                "Image is already present at store '" + std::string{schemas::store_id} + "', which is the only one."),
        at.asked);
  const auto& parts = at.state.parts;
  actors::image_move move;
  move.transition.image_id = image.id;
  move.transition.from.push_back(image_status::active);
  move.transition.to = image_status::active;
  for (const auto mark : {schemas::import_marks::stores_left, schemas::import_marks::stores_failed})
    move.transition.put_properties.emplace(mark, "");
  auto pending = actors::ask<schemas::image>(parts.system, parts.images, at.state.limits.create_deadline,
                                             actors::move_atom_v, std::move(move));
  const auto done = co_await std::move(pending);
  if (!done)
    co_return fault(done.error(), at.asked);
  co_return accepted();
}

asio::awaitable<response> import(exchange& at) {
  const auto image = visible_image(at.state, at.who, at.parameter);
  if (!image)
    co_return no_such_image(at.parameter, at.asked);
  if (!schemas::may_change(at.who, *image))
    co_return fault(failure(error_code::forbidden, "You are not permitted to import data into this image."), at.asked);
  const auto& parts = at.state.parts;
  const auto wanted = schemas::parse_interoperable_import(at.asked.body, at.asked.field("X-Image-Meta-Store"),
                                                          parts.configuration.sources);
  if (!wanted)
    co_return fault(wanted.error(), at.asked);
  if (wanted->method == import_method::glance_download && at.state.parts.tokens == nullptr)
    co_return fault(failure(error_code::invalid_request,
                            "glance-download asks Keystone's catalog where the image is, but this service has no "
                            "Keystone. Import the image's URL with web-download."),
                    at.asked);
  if (const auto ready = check_state(*image, wanted->method); !ready)
    co_return fault(ready.error(), at.asked);
  if (wanted->method == import_method::copy_image) {
    auto copying = copy(at, *image, *wanted);
    co_return co_await std::move(copying);
  }
  auto draft = draft_of(at, *image, *wanted);
  auto pending = wanted->method == import_method::glance_direct
                     ? actors::ask<image_import>(parts.system, parts.imports, at.state.limits.create_deadline,
                                                 actors::release_atom_v, std::move(draft))
                     : begin_import(at, std::move(draft));
  const auto begun = co_await std::move(pending);
  if (!begun)
    co_return fault(begun.error(), at.asked);
  co_return accepted();
}

asio::awaitable<response> tasks(exchange& at) {
  const auto image = visible_image(at.state, at.who, at.parameter);
  if (!image)
    co_return no_such_image(at.parameter, at.asked);
  auto records = at.state.parts.records.imports_of_image(image->id, most_shown);
  std::erase_if(records, [&at](const image_import& record) {
    return record.origin != schemas::import_origin::interoperable ||
           (record.project_id != at.who.project_id && !at.who.is_admin());
  });
  co_return response(200, "application/json", schemas::image_tasks_json(records));
}

}  // namespace

void add_interoperable_import(api_router& routes) {
  routes.add(verb::post, "/v2/images/{id}/import", schemas::policy_rule::modify_image, import);
  routes.add(verb::get, "/v2/images/{id}/tasks", schemas::policy_rule::get_image, tasks);
}

}  // namespace sluice::http
