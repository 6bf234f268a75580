// SPDX-License-Identifier: Apache-2.0
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
using schemas::metadef_object;
using schemas::result;

constexpr std::string_view collection = "/v2/metadefs/namespaces/{namespace}/objects";
constexpr std::string_view one = "/v2/metadefs/namespaces/{namespace}/objects/{object}";
constexpr std::string_view what = "object";

/// The object of that name in a record, as it is answered.
result<std::string> shown(const metadef_namespace& record, std::string_view name) {
  const auto found = schemas::find_named(record.objects, name);
  if (found == record.objects.end())
    return no_such_metadef(record, name, what);
  return schemas::metadef_object_json(record.name, *found);
}

asio::awaitable<response> list(exchange& at) {
  auto record = visible_metadef(at);
  if (!record)
    co_return fault(record.error(), at.asked);
  const auto page = page_of_contents(std::move(record->objects), at.asked);
  if (!page)
    co_return fault(page.error(), at.asked);
  co_return response(200, "application/json", schemas::metadef_objects_json(record->name, *page));
}

asio::awaitable<response> show(exchange& at) {
  const auto record = visible_metadef(at);
  if (!record)
    co_return fault(record.error(), at.asked);
  co_return json_answer(shown(*record, at.second), at.asked);
}

asio::awaitable<response> create(exchange& at) {
  if (const auto ready = may_change_metadef(at); !ready)
    co_return fault(ready.error(), at.asked);
  const auto wanted = schemas::parse_metadef_object(at.asked.body);
  if (!wanted)
    co_return fault(wanted.error(), at.asked);
  metadef_edit edit = [&wanted](metadef_namespace& record, schemas::time_point now) {
    return add_named(record.objects, record, *wanted, now, what);
  };
  auto pending = change_metadef(at, std::move(edit));
  const auto changed = co_await std::move(pending);
  const auto answer = changed.and_then([&](const auto& record) { return shown(record, wanted->name); });
  co_return json_answer(answer, at.asked, 201);
}

asio::awaitable<response> update(exchange& at) {
  if (const auto ready = may_change_metadef(at); !ready)
    co_return fault(ready.error(), at.asked);
  const auto wanted = schemas::parse_metadef_object(at.asked.body);
  if (!wanted)
    co_return fault(wanted.error(), at.asked);
  metadef_edit edit = [&](metadef_namespace& record, schemas::time_point now) {
    return replace_named(record.objects, record, at.second, *wanted, now, what);
  };
  auto pending = change_metadef(at, std::move(edit));
  const auto changed = co_await std::move(pending);
  const auto answer = changed.and_then([&](const auto& record) { return shown(record, wanted->name); });
  co_return json_answer(answer, at.asked);
}

asio::awaitable<response> remove(exchange& at) {
  metadef_edit edit = [&at](metadef_namespace& record, schemas::time_point) {
    return erase_named(record.objects, record, at.second, what);
  };
  auto pending = change_metadef(at, std::move(edit));
  const auto changed = co_await std::move(pending);
  co_return empty_answer(changed.map([](const auto&) {}), at.asked);
}

}  // namespace

void add_metadef_objects(api_router& routes) {
  // Writing needs more: asked after the namespace was found, since what is not seen is absent.
  constexpr auto rule = schemas::policy_rule::get_metadefs;
  routes.add(verb::get, collection, rule, list);
  routes.add(verb::post, collection, rule, create);
  routes.add(verb::get, one, rule, show);
  routes.add(verb::put, one, rule, update);
  routes.add(verb::delete_, one, rule, remove);
}

}  // namespace sluice::http
