// SPDX-License-Identifier: Apache-2.0
#include "http/api/image_imports.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "actors/coroutines/ask.hpp"
#include "http/api/faults.hpp"
#include "http/api/import_creation.hpp"
#include "http/api/import_events.hpp"
#include "http/api/import_view.hpp"
#include "http/api/import_watch.hpp"
#include "http/api/paging.hpp"
#include "http/server/negotiation.hpp"
#include "http/server/request_id.hpp"
#include "schemas/conversion_policy.hpp"
#include "schemas/json.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
using schemas::error_code;
using schemas::failure;
using schemas::image_import;

constexpr std::string_view import_collection = "/v2/image-imports";

/// The record with what is known of its progress; the place in the queue only while it waits.
asio::awaitable<std::string> shown_import(exchange& at, image_import record) {
  std::uint64_t position = 0;
  if (record.status == schemas::image_import_status::waiting) {
    const auto& parts = at.state.parts;
    auto pending = actors::ask<std::uint64_t>(parts.system, parts.imports, at.state.limits.position_deadline,
                                              actors::position_atom_v, record.id);
    position = (co_await std::move(pending)).value_or(0);
  }
  const auto progress = view_progress(record, at.state.parts.progress, position);
  co_return schemas::to_json(record, progress);
}

asio::awaitable<response> create_import(exchange& at) {
  if (const auto sound = expects_json(at.asked, "the import"); !sound)
    co_return fault(sound.error(), at.asked);
  const auto& parts = at.state.parts;
  auto wanted = schemas::parse_import_request(at.asked.body, at.who, parts.configuration.sources);
  if (!wanted)
    co_return fault(wanted.error(), at.asked);
  if (const auto allowed = may_be_visible(at, wanted->properties, "/image_properties"); !allowed)
    co_return fault(allowed.error(), at.asked);
  if (const auto sound = schemas::check_conversion_wish(wanted->convert_to, parts.configuration.verify); !sound)
    co_return fault(sound.error(), at.asked);
  auto draft = draft_import(at, schemas::import_origin::image_imports);
  draft.request = std::move(*wanted);
  auto pending = begin_import(at, std::move(draft));
  const auto created = co_await std::move(pending);
  if (!created)
    co_return fault(created.error(), at.asked);
  response given;
  given.status = 201;
  given.content_type = "application/json";
  given.fields.emplace_back("Location", base_url(at).append(import_collection).append("/").append(created->id));
  const auto progress = view_progress(*created, parts.progress, 0);
  given.body = schemas::to_json(*created, progress);
  co_return given;
}

/// Waits until the status is another one, at most `limit`; the record as it is then, empty when it was removed.
asio::awaitable<std::optional<image_import>> changed_import(exchange& at, image_import record,
                                                            std::chrono::milliseconds limit) {
  using clock = waiter::clock;
  const auto end = clock::now() + limit;
  if (at.asked.seat)
    at.asked.seat->rest();
  waiter waiting{at.loop};
  import_watch watch{at.state.parts, record.id, waiting};
  const auto status = record.status;
  while (record.status == status && clock::now() < end && !waiting.stopping()) {
    const auto next_look = std::min(end, watch.arm());
    co_await waiting.wait_until(next_look);
    auto now = visible_import(at.state, at.who, record.id);
    if (!now)
      co_return std::nullopt;
    record = std::move(*now);
  }
  co_return std::optional<image_import>(std::move(record));
}

asio::awaitable<response> show_import(exchange& at) {
  auto record = visible_import(at.state, at.who, at.parameter);
  if (!record)
    co_return no_such_import(at.parameter, at.asked);
  if (wants_event_stream(at.asked.field("Accept")))
    co_return stream_import(at, *record);
  response given;
  if (const auto wait = preferred_wait(at.asked.field("Prefer"))) {
    const auto limit = std::min<std::chrono::milliseconds>(*wait, at.state.limits.longest_wait);
    if (!schemas::is_final(record->status) && limit.count() > 0) {
      auto pending = changed_import(at, std::move(*record), limit);
      record = co_await std::move(pending);
      if (!record)
        co_return no_such_import(at.parameter, at.asked);
    }
    const auto applied = std::chrono::duration_cast<std::chrono::seconds>(limit).count();
    given.fields.emplace_back("Preference-Applied", "wait=" + std::to_string(applied));
  }
  given.content_type = "application/json";
  auto pending = shown_import(at, std::move(*record));
  given.body = co_await std::move(pending);
  co_return given;
}

schemas::result<persistence::import_query> parse_import_list(const query_pairs& pairs, const schemas::identity& who) {
  persistence::import_query query;
  query.project_id = who.project_id;
  query.limit = default_limit;
  std::vector<std::string_view> seen;
  for (const auto& [key, value] : pairs) {
    if (std::ranges::find(seen, key) != seen.end())
      return schemas::refuse(error_code::invalid_request, key + ": expected once, found twice.", key);
    seen.push_back(key);
    if (key == "limit") {
      const auto limit = parse_limit(value);
      if (!limit)
        return tl::unexpected<failure>{limit.error()};
      query.limit = *limit;
    } else if (key == "sort_dir") {
      const auto ascending = parse_ascending(value);
      if (!ascending)
        return tl::unexpected<failure>{ascending.error()};
      query.ascending = *ascending;
    } else if (key == "marker") {
      if (!is_uuid(value))
        return schemas::refuse(error_code::invalid_request, "marker: expected the id of an image-import.", "marker");
      query.marker = value;
    } else if (key == "status") {
      query.status = schemas::image_import_status_from(value);
      if (!query.status)
        return schemas::refuse(error_code::invalid_request,
                               "status: expected waiting, uploading, verifying, success or failure.", "status");
    } else {
      return schemas::refuse(error_code::invalid_request,
                             key + ": this listing has no such parameter; it has status, limit, marker and sort_dir.",
                             key);
    }
  }
  return query;
}

asio::awaitable<response> list_imports(exchange& at) {
  const auto pairs = parse_query(at.asked.target.query);
  if (!pairs)
    co_return fault(pairs.error(), at.asked);
  const auto query = parse_import_list(*pairs, at.who);
  if (!query)
    co_return fault(query.error(), at.asked);
  auto found = at.state.parts.records.list_imports(*query);
  if (!found)
    co_return fault(found.error(), at.asked);
  std::vector<schemas::import_with_progress> rows;
  rows.reserve(found->records.size());
  for (auto& record : found->records) {
    schemas::import_with_progress row;
    row.progress = view_progress(record, at.state.parts.progress, 0);
    row.record = std::move(record);
    rows.push_back(std::move(row));
  }
  const auto links =
      page_links_of(import_collection, *pairs, found->more && !rows.empty() ? rows.back().record.id : std::string{});
  response given;
  given.content_type = "application/json";
  given.fields.emplace_back("Link", link_field(links));
  given.body = schemas::to_json(rows, links);
  co_return given;
}

asio::awaitable<response> cancel_import(exchange& at) {
  const auto record = visible_import(at.state, at.who, at.parameter);
  if (!record)
    co_return no_such_import(at.parameter, at.asked);
  const auto& parts = at.state.parts;
  auto owner = at.who;
  owner.project_id = record->project_id;  // visible, so this project's own, or an administrator's to end
  auto pending = actors::ask<actors::done_atom>(parts.system, parts.imports, at.state.limits.create_deadline,
                                                actors::cancel_atom_v, std::move(owner), at.parameter);
  const auto done = co_await std::move(pending);
  co_return removed(at, done, no_such_import);
}

}  // namespace

std::optional<image_import> visible_import(const api_state& state, const schemas::identity& who, std::string_view id) {
  if (!is_uuid(id))
    return std::nullopt;
  auto record = state.parts.records.find_import(id);
  if (!record || (record->project_id != who.project_id && !who.is_admin()))
    return std::nullopt;
  return record;
}

void add_image_imports(api_router& routes) {
  routes.add(verb::post, import_collection, schemas::policy_rule::add_image_import, create_import);
  routes.add(verb::get, import_collection, schemas::policy_rule::get_image_imports, list_imports);
  routes.add(verb::get, "/v2/image-imports/{id}", schemas::policy_rule::get_image_imports, show_import);
  routes.add(verb::delete_, "/v2/image-imports/{id}", schemas::policy_rule::delete_image_import, cancel_import);
}

}  // namespace sluice::http
