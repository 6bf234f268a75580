// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "http/api/faults.hpp"
#include "http/api/metadef_contents.hpp"
#include "http/api/metadefs.hpp"
#include "schemas/metadef_answer.hpp"
#include "schemas/metadef_reading.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
using schemas::metadef_namespace;
using schemas::result;

constexpr std::string_view property_collection = "/v2/metadefs/namespaces/{namespace}/properties";
constexpr std::string_view one_property = "/v2/metadefs/namespaces/{namespace}/properties/{property}";

struct properties {
  static constexpr auto list = &metadef_namespace::properties;
  static constexpr std::string_view what = "property";
  static auto parse(std::string_view body) { return schemas::parse_metadef_property(body); }
  static result<std::string> json(const metadef_namespace&, const schemas::metadef_property& each) {
    return schemas::metadef_property_json(each);
  }
};

asio::awaitable<response> list_properties(exchange& at) {
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

asio::awaitable<response> show_property(exchange& at) {
  const auto record = visible_metadef(at);
  if (!record)
    co_return fault(record.error(), at.asked);
  const auto name = without_prefix(*record, at.asked, at.second);
  if (!name)
    co_return fault(name.error(), at.asked);
  co_return json_answer(shown_metadef<properties>(*record, *name), at.asked);
}

}  // namespace

void add_metadef_properties(api_router& routes) {
  // Writing needs more: asked after the namespace was found, since what is not seen is absent.
  constexpr auto rule = schemas::policy_rule::get_metadefs;
  routes.add(verb::get, property_collection, rule, list_properties);
  routes.add(verb::post, property_collection, rule, create_contents<properties>);
  routes.add(verb::get, one_property, rule, show_property);
  routes.add(verb::put, one_property, rule, update_contents<properties>);
  routes.add(verb::delete_, one_property, rule, remove_contents<properties>);
}

}  // namespace sluice::http
