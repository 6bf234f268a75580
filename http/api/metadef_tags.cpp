// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <utility>

#include "http/api/faults.hpp"
#include "http/api/metadef_paging.hpp"
#include "http/api/metadefs.hpp"
#include "schemas/metadef_answer.hpp"
#include "schemas/metadef_reading.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
using schemas::metadef_namespace;
using schemas::metadef_tag;
using schemas::result;

constexpr std::string_view collection = "/v2/metadefs/namespaces/{namespace}/tags";
constexpr std::string_view one = "/v2/metadefs/namespaces/{namespace}/tags/{tag}";
constexpr std::string_view what = "tag";

result<std::string> shown(const metadef_namespace& record, std::string_view name) {
  const auto found = schemas::find_named(record.tags, name);
  if (found == record.tags.end())
    return no_such_metadef(record, name, what);
  return schemas::metadef_tag_json(*found);
}

asio::awaitable<response> list(exchange& at) {
  auto record = visible_metadef(at);
  if (!record)
    co_return fault(record.error(), at.asked);
  const auto page = page_of_contents(std::move(record->tags), at.asked);
  if (!page)
    co_return fault(page.error(), at.asked);
  co_return response(200, "application/json", schemas::metadef_tags_json(*page));
}

asio::awaitable<response> show(exchange& at) {
  const auto record = visible_metadef(at);
  if (!record)
    co_return fault(record.error(), at.asked);
  co_return json_answer(shown(*record, at.second), at.asked);
}

/// X-Openstack-Append: the list is added to what is there, instead of taking its place.
bool appends(const request& asked) {
  constexpr std::array<std::string_view, 6> yes{"1", "t", "true", "on", "y", "yes"};
  std::string word{asked.field("X-Openstack-Append")};
  std::ranges::transform(word, word.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return std::ranges::find(yes, word) != yes.end();
}

asio::awaitable<response> create_list(exchange& at) {
  if (const auto ready = may_change_metadef(at); !ready)
    co_return fault(ready.error(), at.asked);
  const auto wanted = schemas::parse_metadef_tags(at.asked.body);
  if (!wanted)
    co_return fault(wanted.error(), at.asked);
  const bool append = appends(at.asked);
  metadef_edit edit = [&wanted, append](metadef_namespace& record, schemas::time_point now) -> result<void> {
    if (!append)
      record.tags.clear();
    for (const auto& tag : *wanted)
      if (auto added = add_named(record.tags, record, tag, now, what); !added)
        return added;
    return {};
  };
  auto pending = change_metadef(at, std::move(edit));
  const auto changed = co_await std::move(pending);
  co_return json_answer(changed.map([&](const auto&) { return schemas::metadef_tags_json(*wanted); }), at.asked, 201);
}

asio::awaitable<response> create(exchange& at) {
  if (const auto ready = may_change_metadef(at); !ready)
    co_return fault(ready.error(), at.asked);
  if (const auto named = schemas::check_metadef_name(at.second, ""); !named)
    co_return fault(named.error(), at.asked);
  metadef_edit edit = [&at](metadef_namespace& record, schemas::time_point now) {
    metadef_tag fresh;
    fresh.name = at.second;
    return add_named(record.tags, record, std::move(fresh), now, what);
  };
  auto pending = change_metadef(at, std::move(edit));
  const auto changed = co_await std::move(pending);
  const auto answer = changed.and_then([&](const auto& record) { return shown(record, at.second); });
  co_return json_answer(answer, at.asked, 201);
}

asio::awaitable<response> update(exchange& at) {
  if (const auto ready = may_change_metadef(at); !ready)
    co_return fault(ready.error(), at.asked);
  const auto wanted = schemas::parse_metadef_tag(at.asked.body);
  if (!wanted)
    co_return fault(wanted.error(), at.asked);
  metadef_edit edit = [&](metadef_namespace& record, schemas::time_point now) {
    return replace_named(record.tags, record, at.second, *wanted, now, what);
  };
  auto pending = change_metadef(at, std::move(edit));
  const auto changed = co_await std::move(pending);
  const auto answer = changed.and_then([&](const auto& record) { return shown(record, wanted->name); });
  co_return json_answer(answer, at.asked);
}

asio::awaitable<response> remove(exchange& at) {
  metadef_edit edit = [&at](metadef_namespace& record, schemas::time_point) {
    return erase_named(record.tags, record, at.second, what);
  };
  auto pending = change_metadef(at, std::move(edit));
  const auto changed = co_await std::move(pending);
  co_return empty_answer(changed.map([](const auto&) {}), at.asked);
}

}  // namespace

void add_metadef_tags(api_router& routes) {
  // Writing needs more: asked after the namespace was found, since what is not seen is absent.
  constexpr auto rule = schemas::policy_rule::get_metadefs;
  routes.add(verb::get, collection, rule, list);
  routes.add(verb::post, collection, rule, create_list);
  routes.add(verb::get, one, rule, show);
  routes.add(verb::post, one, rule, create);
  routes.add(verb::put, one, rule, update);
  routes.add(verb::delete_, one, rule, remove);
}

}  // namespace sluice::http
