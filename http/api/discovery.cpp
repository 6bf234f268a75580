// SPDX-License-Identifier: Apache-2.0
#include "http/api/discovery.hpp"

#include <string>

#include "http/api/faults.hpp"
#include "http/api/import_methods.hpp"
#include "schemas/image.hpp"
#include "schemas/json.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;

asio::awaitable<response> root(exchange& at) {
  co_return response(300, "application/json", schemas::versions_json(base_url(at)));
}

asio::awaitable<response> versions(exchange& at) {
  co_return response(200, "application/json", schemas::versions_json(base_url(at)));
}

asio::awaitable<response> show_schema(exchange& at) {
  const auto text = schemas::published_schema(at.parameter);
  if (text.empty())
    co_return fault(schemas::failure(schemas::error_code::not_found, "There is no schema of this name."), at.asked);
  co_return response(200, "application/json", std::string(text));
}

asio::awaitable<response> import_info(exchange& at) {
  std::string methods;
  for (const auto method : import_methods(at.state.parts.tokens != nullptr))
    methods.append(methods.empty() ? "\"" : ",\"").append(method).append("\"");
  co_return response(
      200, "application/json",
      "{\"import-methods\":{\"description\":\"Import methods available.\",\"type\":\"array\",\"value\":[" + methods +
          "]}}");
}

asio::awaitable<response> stores(exchange&) {
  co_return response(200, "application/json",
                     "{\"stores\":[{\"id\":\"" + std::string(schemas::store_id) +
                         "\",\"description\":\"The store of this service\",\"default\":\"true\"}]}");
}

/// What the caller's project uses; sizes in MiB, -1 where nothing limits, as Glance has them.
asio::awaitable<response> usage(exchange& at) {
  constexpr std::uint64_t mebibyte = 1 << 20;
  const auto used = at.state.parts.records.usage_of(at.who.project_id);
  const auto quota = at.state.parts.live.current().imports.project_quota;
  const auto entry = [](std::string_view name, std::uint64_t count, std::int64_t limit) {
    return "\"" + std::string(name) + "\":{\"limit\":" + std::to_string(limit) + ",\"usage\":" + std::to_string(count) +
           "}";
  };
  const auto limit = quota == 0 ? -1 : static_cast<std::int64_t>(quota / mebibyte);
  co_return response(200, "application/json",
                     "{\"usage\":{" + entry("image_size_total", used.bytes / mebibyte, limit) + "," +
                         entry("image_stage_total", used.staged_bytes / mebibyte, -1) + "," +
                         entry("image_count_total", used.images, -1) + "," +
                         entry("image_count_uploading", used.uploading, -1) + "}}");
}

/// For administrators, by the policy of its route.
asio::awaitable<response> stores_in_detail(exchange&) {
  co_return response(
      200, "application/json",
      "{\"stores\":[{\"id\":\"" + std::string(schemas::store_id) +
          "\",\"description\":\"The store of this service\",\"default\":\"true\",\"type\":\"file\",\"weight\":"
          "0,\"properties\":{}}]}");
}

asio::awaitable<response> healthcheck(exchange&) {
  co_return response(200, "text/plain", std::string("OK"));
}

}  // namespace

void add_discovery(api_router& routes) {
  routes.add(verb::get, "/", root);
  routes.add(verb::get, "/versions", versions);
  routes.add(verb::get, "/v2/info/import", import_info);
  routes.add(verb::get, "/v2/info/stores", schemas::policy_rule::stores_info, stores);
  routes.add(verb::get, "/v2/info/usage", schemas::policy_rule::get_usage, usage);
  routes.add(verb::get, "/v2/info/stores/detail", schemas::policy_rule::stores_info_detail, stores_in_detail);
  add_schemas(routes);
}

void add_schemas(api_router& routes) {
  routes.add(verb::get, "/v2/schemas/{name}", show_schema);
}

void add_healthcheck(api_router& routes) {
  routes.add(verb::get, "/healthcheck", healthcheck);
}

bool is_open_to_all(std::string_view path) noexcept {
  return path == "/" || path == "/versions" || path == "/healthcheck";
}

}  // namespace sluice::http
