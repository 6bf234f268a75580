// SPDX-License-Identifier: Apache-2.0
#include "http/api/image_members.hpp"

#include <utility>
#include <vector>

#include "actors/coroutines/ask.hpp"
#include "http/api/faults.hpp"
#include "http/api/images.hpp"
#include "http/server/request_id.hpp"
#include "schemas/image_request.hpp"
#include "schemas/json.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
using schemas::error_code;
using schemas::failure;
using schemas::image_member;
using schemas::member_change;

response no_such_member(const exchange& at) {
  return fault(failure(error_code::not_found,
                       at.second.substr(0, 255) + " not found in the member list of the image " + at.parameter + "."),
               at.asked);
}

/// May the caller know of the members of others?
bool sees_all(const exchange& at, const schemas::image& subject) {
  return schemas::may_change(at.who, subject);
}

asio::awaitable<response> list_members(exchange& at) {
  const auto subject = visible_image(at.state, at.who, at.parameter);
  if (!subject)
    co_return no_such_image(at.parameter, at.asked);
  if (schemas::visibility_of(*subject) != "shared")
    co_return fault(failure(error_code::forbidden, "Not allowed to list members for image " + at.parameter +
                                                       ": Only shared images have members."),
                    at.asked);
  auto members = at.state.parts.records.members_of(at.parameter);
  if (!sees_all(at, *subject))
    std::erase_if(members, [&](const image_member& each) { return each.member_id != at.who.project_id; });
  co_return response(200, "application/json", schemas::to_json(members));
}

/// What one may not see is absent here, also where a list would say "forbidden".
asio::awaitable<response> show_member(exchange& at) {
  const auto subject = visible_image(at.state, at.who, at.parameter);
  if (!subject)
    co_return no_such_image(at.parameter, at.asked);
  const auto member = at.state.parts.records.find_member(at.parameter, at.second);
  if (!member || schemas::visibility_of(*subject) != "shared" ||
      (!sees_all(at, *subject) && member->member_id != at.who.project_id))
    co_return no_such_member(at);
  co_return response(200, "application/json", schemas::to_json(*member));
}

asio::awaitable<schemas::result<image_member>> ask_registry(exchange& at, member_change change) {
  const auto& parts = at.state.parts;
  auto pending = actors::ask<image_member>(parts.system, parts.images, at.state.limits.create_deadline,
                                           actors::share_atom_v, at.who, at.parameter, std::move(change));
  co_return co_await std::move(pending);
}

asio::awaitable<response> change_member(exchange& at, member_change change) {
  if (!is_uuid(at.parameter))
    co_return no_such_image(at.parameter, at.asked);
  auto pending = ask_registry(at, std::move(change));
  const auto made = co_await std::move(pending);
  if (!made)
    co_return fault(made.error(), at.asked);
  co_return response(200, "application/json", schemas::to_json(*made));
}

asio::awaitable<response> add(exchange& at) {
  auto project = schemas::parse_new_member(at.asked.body);
  if (!project)
    co_return fault(project.error(), at.asked);
  member_change change;
  change.what = member_change::kind::add;
  change.member_id = std::move(*project);
  co_return co_await change_member(at, std::move(change));
}

asio::awaitable<response> set_status(exchange& at) {
  const auto status = schemas::parse_member_status(at.asked.body);
  if (!status)
    co_return fault(status.error(), at.asked);
  member_change change;
  change.what = member_change::kind::set_status;
  change.member_id = at.second;
  change.status = *status;
  co_return co_await change_member(at, std::move(change));
}

asio::awaitable<response> remove_member(exchange& at) {
  if (!is_uuid(at.parameter))
    co_return no_such_image(at.parameter, at.asked);
  member_change change;
  change.what = member_change::kind::remove;
  change.member_id = at.second;
  auto pending = ask_registry(at, std::move(change));
  const auto gone = co_await std::move(pending);
  if (!gone)
    co_return fault(gone.error(), at.asked);
  response given;
  given.status = 204;
  co_return given;
}

}  // namespace

void add_image_members(api_router& routes) {
  using schemas::policy_rule;
  routes.add(verb::get, "/v2/images/{id}/members", policy_rule::get_members, list_members);
  routes.add(verb::post, "/v2/images/{id}/members", policy_rule::add_member, add);
  routes.add(verb::get, "/v2/images/{id}/members/{project}", policy_rule::get_members, show_member);
  routes.add(verb::put, "/v2/images/{id}/members/{project}", policy_rule::modify_member, set_status);
  routes.add(verb::delete_, "/v2/images/{id}/members/{project}", policy_rule::delete_member, remove_member);
}

}  // namespace sluice::http
