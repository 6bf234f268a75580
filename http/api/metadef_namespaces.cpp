// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "http/api/faults.hpp"
#include "http/api/metadef_paging.hpp"
#include "http/api/metadefs.hpp"
#include "schemas/metadef_answer.hpp"
#include "schemas/metadef_reading.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
using schemas::error_code;
using schemas::failure;
using schemas::metadef_namespace;
using schemas::metadef_view;
using schemas::result;

constexpr std::string_view namespace_collection = "/v2/metadefs/namespaces";
constexpr std::string_view one_namespace = "/v2/metadefs/namespaces/{namespace}";

/// The value of a parameter; empty when it is absent.
std::string parameter(const query_pairs& query, std::string_view name) {
  const auto found = std::ranges::find(query, name, &query_pairs::value_type::first);
  return found == query.end() ? std::string{} : found->second;
}

struct sort_column {
  std::string_view name;
  std::function<std::string(const metadef_namespace&)> text;
};

std::string sortable_time(schemas::time_point when) {
  auto digits = std::to_string(when.time_since_epoch().count());
  return std::string(20 - std::min<std::size_t>(digits.size(), 20), '0') + digits;
}

const std::array<sort_column, 8>& sort_columns() {
  using subject = const metadef_namespace&;
  static const std::array<sort_column, 8> columns{{
      {"created_at", [](subject of) { return sortable_time(of.created_at); }},
      {"updated_at", [](subject of) { return sortable_time(of.updated_at); }},
      {"namespace", [](subject of) { return of.name; }},
      {"display_name", [](subject of) { return of.display_name.value_or(""); }},
      {"description", [](subject of) { return of.description.value_or(""); }},
      {"visibility", [](subject of) { return std::string{of.is_public ? "public" : "private"}; }},
      {"protected", [](subject of) { return std::string{of.is_protected ? "1" : "0"}; }},
      {"owner", [](subject of) { return of.owner; }},
  }};
  return columns;
}

bool is_in_list(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const auto end = std::min(list.find(','), list.size());
    if (list.substr(0, end) == word)
      return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

/// What of all namespaces the caller may see and asks for.
result<std::vector<metadef_namespace>> chosen(const exchange& at, const query_pairs& query) {
  const auto visibility = parameter(query, "visibility");
  if (!visibility.empty() && visibility != "public" && visibility != "private")
    return schemas::refuse(error_code::invalid_request, "visibility: expected public or private.", "visibility");
  const auto types = parameter(query, "resource_types");
  auto all = at.state.parts.records.metadef_heads();
  std::erase_if(all, [&](const metadef_namespace& each) {
    const auto of_a_type = [&types](const auto& association) { return is_in_list(types, association.name); };
    return !schemas::may_see(at.who, each) || (!visibility.empty() && each.is_public != (visibility == "public")) ||
           (!types.empty() && std::ranges::none_of(each.associations, of_a_type));
  });
  return all;
}

asio::awaitable<response> list_namespaces(exchange& at) {
  const auto query = parse_query(at.asked.target.query);
  if (!query)
    co_return fault(query.error(), at.asked);
  auto wish = parse_page_wish(*query);
  auto found = chosen(at, *query);
  if (!wish || !found)
    co_return fault(wish ? found.error() : wish.error(), at.asked);
  const auto column = std::ranges::find(sort_columns(), wish->sort_key, &sort_column::name);
  if (column == sort_columns().end())
    co_return fault(failure(error_code::invalid_request,
                            "sort_key: expected created_at, updated_at, namespace, display_name, description, "
                            "visibility, protected or owner.",
                            "sort_key"),
                    at.asked);
  const auto limit = wish->limit.value_or(default_limit);
  wish->limit = limit + 1;  // one more tells whether there is a next page
  auto page = page_of(std::move(*found), *wish, [&](const metadef_namespace& left, const metadef_namespace& right) {
    const auto by = column->text(left).compare(column->text(right));
    return by != 0 ? by < 0 : sortable_time(left.created_at) < sortable_time(right.created_at);
  });
  if (!page)
    co_return fault(page.error(), at.asked);
  const bool more = limit > 0 && page->size() > limit;
  page->resize(std::min<std::size_t>(page->size(), limit));
  const auto links = page_links_of(namespace_collection, *query, more ? page->back().name : std::string{});
  co_return response(200, "application/json", schemas::metadef_namespaces_json(*page, links));
}

asio::awaitable<response> show_namespace(exchange& at) {
  const auto query = parse_query(at.asked.target.query);
  if (!query)
    co_return fault(query.error(), at.asked);
  const auto record = visible_metadef(at);
  if (!record)
    co_return fault(record.error(), at.asked);
  co_return response(200, "application/json",
                     schemas::metadef_namespace_json(*record, metadef_view::whole, parameter(*query, "resource_type")));
}

/// A name as a segment of a path (RFC 3986 section 3.3).
std::string path_segment(std::string_view name) {
  return format_query(query_pairs{{"", std::string{name}}}).substr(1);
}

asio::awaitable<response> create_namespace(exchange& at) {
  if (const auto allowed = may_write_metadefs(at, at.who.project_id); !allowed)
    co_return fault(allowed.error(), at.asked);
  auto wanted = schemas::parse_metadef_namespace(at.asked.body);
  if (!wanted)
    co_return fault(wanted.error(), at.asked);
  if (wanted->owner.empty())
    wanted->owner = at.who.project_id;
  auto pending = create_metadef(at, std::move(*wanted));
  const auto made = co_await std::move(pending);
  if (!made)
    co_return fault(made.error(), at.asked);
  response given(201, "application/json", schemas::metadef_namespace_json(*made, metadef_view::whole));
  given.fields.emplace_back("Location",
                            base_url(at).append(namespace_collection).append("/").append(path_segment(made->name)));
  co_return given;
}

/// Everything but the contents is set anew; what the body leaves out gets its default, as Glance has it.
asio::awaitable<response> update_namespace(exchange& at) {
  if (const auto ready = may_change_metadef(at); !ready)
    co_return fault(ready.error(), at.asked);
  const auto wanted = schemas::parse_metadef_namespace(at.asked.body);
  if (!wanted)
    co_return fault(wanted.error(), at.asked);
  const auto owner = wanted->owner.empty() ? at.who.project_id : wanted->owner;
  metadef_edit edit = [&wanted, &owner](metadef_namespace& record, schemas::time_point) -> result<void> {
    record.name = wanted->name;
    record.display_name = wanted->display_name;
    record.description = wanted->description;
    record.is_public = wanted->is_public;
    record.is_protected = wanted->is_protected;
    record.owner = owner;
    return {};
  };
  auto pending = change_metadef(at, std::move(edit));
  const auto changed = co_await std::move(pending);
  co_return json_answer(
      changed.map([](const auto& record) { return schemas::metadef_namespace_json(record, metadef_view::head); }),
      at.asked);
}

asio::awaitable<response> remove_namespace(exchange& at) {
  auto pending = remove_metadef(at);
  const auto done = co_await std::move(pending);
  co_return empty_answer(done, at.asked);
}

/// DELETE of all objects, properties or tags of a namespace.
template <auto List>
asio::awaitable<response> clear(exchange& at) {
  metadef_edit edit = [](metadef_namespace& record, schemas::time_point) -> result<void> {
    if (auto allowed = may_delete_from(record, "contents"); !allowed)
      return allowed;
    (record.*List).clear();
    return {};
  };
  auto pending = change_metadef(at, std::move(edit));
  const auto changed = co_await std::move(pending);
  co_return empty_answer(changed.map([](const auto&) {}), at.asked);
}

}  // namespace

void add_metadef_namespaces(api_router& routes) {
  // Writing needs more: asked after the namespace was found, since what is not seen is absent.
  constexpr auto rule = schemas::policy_rule::get_metadefs;
  routes.add(verb::get, namespace_collection, rule, list_namespaces);
  routes.add(verb::post, namespace_collection, rule, create_namespace);
  routes.add(verb::get, one_namespace, rule, show_namespace);
  routes.add(verb::put, one_namespace, rule, update_namespace);
  routes.add(verb::delete_, one_namespace, rule, remove_namespace);
  routes.add(verb::delete_, "/v2/metadefs/namespaces/{namespace}/objects", rule, clear<&metadef_namespace::objects>);
  routes.add(verb::delete_, "/v2/metadefs/namespaces/{namespace}/properties", rule,
             clear<&metadef_namespace::properties>);
  routes.add(verb::delete_, "/v2/metadefs/namespaces/{namespace}/tags", rule, clear<&metadef_namespace::tags>);
}

}  // namespace sluice::http
