// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "http/api/faults.hpp"
#include "http/api/metadef_contents.hpp"
#include "http/api/metadef_paging.hpp"
#include "http/api/metadefs.hpp"
#include "schemas/metadef_answer.hpp"
#include "schemas/metadef_reading.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
using schemas::metadef_namespace;
using schemas::result;

constexpr std::string_view object_collection = "/v2/metadefs/namespaces/{namespace}/objects";
constexpr std::string_view one_object = "/v2/metadefs/namespaces/{namespace}/objects/{object}";

struct objects {
  static constexpr auto list = &metadef_namespace::objects;
  static constexpr std::string_view what = "object";
  static auto parse(std::string_view body) { return schemas::parse_metadef_object(body); }
  static result<std::string> json(const metadef_namespace& record, const schemas::metadef_object& each) {
    return schemas::metadef_object_json(record.name, each);
  }
};

asio::awaitable<response> list_objects(exchange& at) {
  auto record = visible_metadef(at);
  if (!record)
    co_return fault(record.error(), at.asked);
  const auto page = page_of_contents(std::move(record->objects), at.asked);
  if (!page)
    co_return fault(page.error(), at.asked);
  co_return response(200, "application/json", schemas::metadef_objects_json(record->name, *page));
}

}  // namespace

void add_metadef_objects(api_router& routes) {
  // Writing needs more: asked after the namespace was found, since what is not seen is absent.
  constexpr auto rule = schemas::policy_rule::get_metadefs;
  routes.add(verb::get, object_collection, rule, list_objects);
  routes.add(verb::post, object_collection, rule, create_contents<objects>);
  routes.add(verb::get, one_object, rule, show_contents<objects>);
  routes.add(verb::put, one_object, rule, update_contents<objects>);
  routes.add(verb::delete_, one_object, rule, remove_contents<objects>);
}

}  // namespace sluice::http
