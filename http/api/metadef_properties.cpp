// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "http/api/faults.hpp"
#include "http/api/metadefs.hpp"
#include "schemas/metadef_answer.hpp"
#include "schemas/metadef_reading.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
using schemas::metadef_namespace;
using schemas::result;

constexpr std::string_view collection = "/v2/metadefs/namespaces/{namespace}/properties";
constexpr std::string_view one = "/v2/metadefs/namespaces/{namespace}/properties/{property}";
constexpr std::string_view what = "property";

result<std::string> shown(const metadef_namespace& record, std::string_view name) {
  const auto found = schemas::find_named(record.properties, name);
  if (found == record.properties.end())
    return no_such_metadef(record, name, what);
  return schemas::metadef_property_json(*found);
}

asio::awaitable<response> list(exchange& at) {
  const auto record = visible_metadef(at);
  if (!record)
    co_return fault(record.error(), at.asked);
  co_return response(200, "application/json", schemas::metadef_properties_json(record->properties));
}

/// `?resource_type=` means that the name in the path carries the prefix which that type's association gives it.
result<std::string> without_prefix(const metadef_namespace& record, const request& asked, std::string name) {
  const auto query = parse_query(asked.target.query);
  if (!query)
    return tl::unexpected<schemas::failure>{query.error()};
  const auto type = std::ranges::find(*query, "resource_type", &query_pairs::value_type::first);
  if (type == query->end() || type->second.empty())
    return name;
  const auto association = schemas::find_named(record.associations, type->second);
  if (association == record.associations.end())
    return no_such_metadef(record, type->second, "resource-type association");
  const auto prefix = association->prefix.value_or("");
  if (prefix.empty() || !name.starts_with(prefix))
    return schemas::refuse(
        schemas::error_code::not_found,
        "Property " + name + " does not start with the expected resource type association prefix of '" + prefix + "'.");
  return name.substr(prefix.size());
}

asio::awaitable<response> show(exchange& at) {
  const auto record = visible_metadef(at);
  if (!record)
    co_return fault(record.error(), at.asked);
  const auto name = without_prefix(*record, at.asked, at.second);
  if (!name)
    co_return fault(name.error(), at.asked);
  co_return json_answer(shown(*record, *name), at.asked);
}

asio::awaitable<response> create(exchange& at) {
  if (const auto ready = may_change_metadef(at); !ready)
    co_return fault(ready.error(), at.asked);
  const auto wanted = schemas::parse_metadef_property(at.asked.body);
  if (!wanted)
    co_return fault(wanted.error(), at.asked);
  metadef_edit edit = [&wanted](metadef_namespace& record, schemas::time_point now) {
    return add_named(record.properties, record, *wanted, now, what);
  };
  auto pending = change_metadef(at, std::move(edit));
  const auto changed = co_await std::move(pending);
  const auto answer = changed.and_then([&](const auto& record) { return shown(record, wanted->name); });
  co_return json_answer(answer, at.asked, 201);
}

asio::awaitable<response> update(exchange& at) {
  if (const auto ready = may_change_metadef(at); !ready)
    co_return fault(ready.error(), at.asked);
  const auto wanted = schemas::parse_metadef_property(at.asked.body);
  if (!wanted)
    co_return fault(wanted.error(), at.asked);
  metadef_edit edit = [&](metadef_namespace& record, schemas::time_point now) {
    return replace_named(record.properties, record, at.second, *wanted, now, what);
  };
  auto pending = change_metadef(at, std::move(edit));
  const auto changed = co_await std::move(pending);
  const auto answer = changed.and_then([&](const auto& record) { return shown(record, wanted->name); });
  co_return json_answer(answer, at.asked);
}

asio::awaitable<response> remove(exchange& at) {
  metadef_edit edit = [&at](metadef_namespace& record, schemas::time_point) {
    return erase_named(record.properties, record, at.second, what);
  };
  auto pending = change_metadef(at, std::move(edit));
  const auto changed = co_await std::move(pending);
  co_return empty_answer(changed.map([](const auto&) {}), at.asked);
}

}  // namespace

void add_metadef_properties(api_router& routes) {
  // Writing needs more: asked after the namespace was found, since what is not seen is absent.
  constexpr auto rule = schemas::policy_rule::get_metadefs;
  routes.add(verb::get, collection, rule, list);
  routes.add(verb::post, collection, rule, create);
  routes.add(verb::get, one, rule, show);
  routes.add(verb::put, one, rule, update);
  routes.add(verb::delete_, one, rule, remove);
}

}  // namespace sluice::http
