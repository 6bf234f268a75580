// SPDX-License-Identifier: Apache-2.0
#include "http/api/metadefs.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "actors/coroutines/ask.hpp"
#include "http/api/faults.hpp"
#include "schemas/metadef_answer.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
using schemas::error_code;
using schemas::failure;
using schemas::metadef_namespace;
using schemas::result;

constexpr int most_attempts = 16;  ///< at one change, when others change the same namespace all the time

schemas::time_point now() {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

/// A number that this name never had: the time, or one more than the last where clocks stand still or go back.
std::uint64_t revision_after(std::uint64_t last, schemas::time_point when) {
  const auto microseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(when.time_since_epoch().count(), 1));
  return std::max(last + 1, microseconds);
}

asio::awaitable<result<void>> commit(exchange& at, actors::record_changes changes) {
  const auto& parts = at.state.parts;
  auto pending = actors::ask<actors::done_atom>(parts.system, parts.keeper, at.state.limits.create_deadline,
                                                actors::commit_atom_v, std::move(changes));
  const auto done = co_await std::move(pending);
  if (!done)
    co_return tl::unexpected<failure>(done.error());
  co_return result<void>();
}

result<void> check_free(const exchange& at, const std::string& name) {
  if (at.state.parts.records.find_metadef(name))
    return schemas::refuse(error_code::conflict, "The metadata definition namespace=" + name + " already exists.");
  return {};
}

asio::awaitable<response> metadef_schema(exchange& at) {
  const auto text = schemas::published_metadef_schema(at.parameter);
  if (text.empty())
    co_return fault(failure(error_code::not_found, "There is no schema of this name."), at.asked);
  co_return response(200, "application/json", std::string(text));
}

}  // namespace

result<metadef_namespace> visible_metadef(const exchange& at) {
  auto record = at.state.parts.records.find_metadef(at.parameter);
  if (!record || !schemas::may_see(at.who, *record))
    return schemas::refuse(error_code::not_found, "Metadata definition namespace=" + at.parameter + " was not found.");
  return std::move(*record);
}

result<void> may_write_metadefs(const exchange& at, std::string_view owner) {
  if (!permits(at, schemas::policy_rule::modify_metadefs))
    return schemas::refuse(error_code::forbidden,
                           "You are not authorized to complete this action: the policy lets others write metadata "
                           "definitions.");
  if (owner != at.who.project_id && !at.who.is_admin())
    return schemas::refuse(error_code::forbidden,
                           "You are not authorized to complete this action: the namespace is another project's.");
  return {};
}

result<void> may_change_metadef(const exchange& at) {
  const auto visible = visible_metadef(at);
  if (!visible)
    return tl::unexpected<failure>{visible.error()};
  return may_write_metadefs(at, visible->owner);
}

tl::unexpected<failure> no_such_metadef(const metadef_namespace& record, std::string_view name, std::string_view what) {
  return schemas::refuse(error_code::not_found, "The metadata definition " + std::string{what} +
                                                    " with name=" + std::string{name} +
                                                    " was not found in namespace=" + record.name + ".");
}

result<void> may_delete_from(const metadef_namespace& record, std::string_view what) {
  if (!record.is_protected)
    return {};
  return schemas::refuse(error_code::forbidden, "Metadata definition " + std::string{what} + " of namespace " +
                                                    record.name + " is protected and cannot be deleted.");
}

asio::awaitable<result<metadef_namespace>> change_metadef(exchange& at, metadef_edit edit) {
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    auto record = visible_metadef(at);
    if (!record)
      co_return record;
    if (auto allowed = may_write_metadefs(at, record->owner); !allowed)
      co_return tl::unexpected<failure>(std::move(allowed.error()));
    const auto before = record->revision;
    const auto when = now();
    auto outcome = edit(*record, when);
    if (outcome)
      outcome = may_write_metadefs(at, record->owner);  // it may be given away
    if (outcome)
      outcome = schemas::check_bounds(*record);
    const bool renamed = record->name != at.parameter;
    if (outcome && renamed)
      outcome = check_free(at, record->name);
    if (!outcome)
      co_return tl::unexpected<failure>(std::move(outcome.error()));
    record->updated_at = when;
    record->revision = revision_after(before, when);

    actors::record_changes changes;
    auto& put = changes.put_metadefs.emplace_back();
    put.record = *record;
    put.replaces = renamed ? 0 : before;
    if (renamed) {
      auto& gone = changes.erase_metadefs.emplace_back();
      gone.name = at.parameter;
      gone.revision = before;
    }
    auto pending = commit(at, std::move(changes));
    auto done = co_await std::move(pending);
    if (done)
      co_return record;
    if (done.error().code != error_code::conflict)
      co_return tl::unexpected<failure>(std::move(done.error()));
  }
  co_return schemas::refuse(error_code::conflict,
                            "Others change this namespace of metadata definitions all the time. Try again.");
}

asio::awaitable<result<void>> remove_metadef(exchange& at) {
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    const auto record = visible_metadef(at);
    if (!record)
      co_return tl::unexpected<failure>(record.error());
    auto allowed = may_write_metadefs(at, record->owner);
    if (allowed && record->is_protected)
      allowed = schemas::refuse(error_code::forbidden, "Metadata definition namespace " + record->name +
                                                           " is protected and cannot be deleted.");
    if (!allowed)
      co_return allowed;
    actors::record_changes changes;
    auto& gone = changes.erase_metadefs.emplace_back();
    gone.name = record->name;
    gone.revision = record->revision;
    auto pending = commit(at, std::move(changes));
    auto done = co_await std::move(pending);
    if (done || done.error().code != error_code::conflict)
      co_return done;
  }
  co_return schemas::refuse(error_code::conflict,
                            "Others change this namespace of metadata definitions all the time. Try again.");
}

asio::awaitable<result<metadef_namespace>> create_metadef(exchange& at, metadef_namespace fresh) {
  auto outcome = may_write_metadefs(at, fresh.owner);
  if (outcome)
    outcome = schemas::check_bounds(fresh);
  if (outcome)
    outcome = check_free(at, fresh.name);
  if (!outcome)
    co_return tl::unexpected<failure>(std::move(outcome.error()));
  const auto when = now();
  const auto stamp = [when](auto& each) { each.created_at = each.updated_at = when; };
  stamp(fresh);
  std::ranges::for_each(fresh.associations, stamp);
  std::ranges::for_each(fresh.objects, stamp);
  std::ranges::for_each(fresh.properties, stamp);
  std::ranges::for_each(fresh.tags, stamp);
  fresh.revision = revision_after(0, when);
  actors::record_changes changes;
  changes.put_metadefs.emplace_back().record = fresh;
  auto pending = commit(at, std::move(changes));
  auto done = co_await std::move(pending);
  if (!done)
    co_return tl::unexpected<failure>(std::move(done.error()));
  co_return fresh;
}

response json_answer(const result<std::string>& body, const request& asked, unsigned status) {
  if (!body)
    return fault(body.error(), asked);
  return {status, "application/json", *body};
}

response empty_answer(const result<void>& done, const request& asked) {
  if (!done)
    return fault(done.error(), asked);
  return no_content();
}

void add_metadefs(api_router& routes) {
  add_metadef_namespaces(routes);
  add_metadef_objects(routes);
  add_metadef_properties(routes);
  add_metadef_tags(routes);
  add_metadef_resource_types(routes);
  routes.add(verb::get, "/v2/schemas/metadefs/{name}", schemas::policy_rule::get_metadefs, metadef_schema);
}

}  // namespace sluice::http
