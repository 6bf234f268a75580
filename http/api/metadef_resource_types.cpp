// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <utility>

#include "http/api/faults.hpp"
#include "http/api/metadefs.hpp"
#include "schemas/metadef_answer.hpp"
#include "schemas/metadef_reading.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
using schemas::metadef_namespace;

constexpr std::string_view all = "/v2/metadefs/resource_types";
constexpr std::string_view association_collection = "/v2/metadefs/namespaces/{namespace}/resource_types";
constexpr std::string_view one_association = "/v2/metadefs/namespaces/{namespace}/resource_types/{type}";
constexpr std::string_view what = "resource-type association";

/// Those there are from the start, and those that a namespace speaks of which the caller may see.
asio::awaitable<response> list_types(exchange& at) {
  std::set<std::string> names{schemas::seeded_resource_types.begin(), schemas::seeded_resource_types.end()};
  for (const auto& record : at.state.parts.records.metadef_heads())
    if (schemas::may_see(at.who, record))
      for (const auto& association : record.associations)
        names.insert(association.name);
  const std::vector<std::string> sorted(names.begin(), names.end());
  co_return response(200, "application/json", schemas::metadef_resource_types_json(sorted));
}

asio::awaitable<response> list_associations(exchange& at) {
  const auto record = visible_metadef(at);
  if (!record)
    co_return fault(record.error(), at.asked);
  co_return response(200, "application/json", schemas::metadef_associations_json(record->associations));
}

asio::awaitable<response> associate(exchange& at) {
  if (const auto ready = may_change_metadef(at); !ready)
    co_return fault(ready.error(), at.asked);
  const auto wanted = schemas::parse_metadef_association(at.asked.body);
  if (!wanted)
    co_return fault(wanted.error(), at.asked);
  metadef_edit edit = [&wanted](metadef_namespace& record, schemas::time_point now) {
    return add_named(record.associations, record, *wanted, now, what);
  };
  auto pending = change_metadef(at, std::move(edit));
  const auto changed = co_await std::move(pending);
  const auto answer = changed.map([&](const auto& record) {
    return schemas::metadef_association_json(*schemas::find_named(record.associations, wanted->name));
  });
  co_return json_answer(answer, at.asked, 201);
}

asio::awaitable<response> dissociate(exchange& at) {
  metadef_edit edit = [&at](metadef_namespace& record, schemas::time_point) {
    return erase_named(record.associations, record, at.second, what);
  };
  auto pending = change_metadef(at, std::move(edit));
  const auto changed = co_await std::move(pending);
  co_return empty_answer(changed.map([](const auto&) {}), at.asked);
}

}  // namespace

void add_metadef_resource_types(api_router& routes) {
  // Writing needs more: asked after the namespace was found, since what is not seen is absent.
  constexpr auto rule = schemas::policy_rule::get_metadefs;
  routes.add(verb::get, all, rule, list_types);
  routes.add(verb::get, association_collection, rule, list_associations);
  routes.add(verb::post, association_collection, rule, associate);
  routes.add(verb::delete_, one_association, rule, dissociate);
}

}  // namespace sluice::http
