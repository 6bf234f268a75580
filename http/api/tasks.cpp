// SPDX-License-Identifier: Apache-2.0
#include "http/api/tasks.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "http/api/faults.hpp"
#include "http/api/image_imports.hpp"
#include "http/api/import_creation.hpp"
#include "http/api/paging.hpp"
#include "http/server/request_id.hpp"
#include "schemas/task.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
using schemas::error_code;
using schemas::failure;
using schemas::image_import;
using schemas::result;

constexpr std::string_view task_collection = "/v2/tasks";
constexpr std::size_t most_sorted = 20'000;  ///< imports of one project that a listing looks at

response no_such_task(std::string_view id, const request& asked) {
  return fault(failure{error_code::not_found, "No task found with ID " + std::string{id.substr(0, longest_echoed_id)}},
               asked);
}

asio::awaitable<response> create_task(exchange& at) {
  if (const auto sound = expects_json(at.asked, "the task"); !sound)
    co_return fault(sound.error(), at.asked);
  auto wanted = schemas::parse_task_request(at.asked.body, at.who, at.state.parts.configuration.sources);
  if (!wanted)
    co_return fault(wanted.error(), at.asked);
  if (const auto allowed = may_be_visible(at, wanted->wanted.properties, "/input/image_properties"); !allowed)
    co_return fault(allowed.error(), at.asked);
  auto draft = draft_import(at, schemas::import_origin::task);
  draft.asked = std::move(wanted->input);
  draft.request = std::move(wanted->wanted);
  auto pending = begin_import(at, std::move(draft));
  const auto created = co_await std::move(pending);
  if (!created)
    co_return fault(created.error(), at.asked);
  response given{201, "application/json", schemas::task_json(*created)};
  given.fields.emplace_back("Location", base_url(at).append(task_collection).append("/").append(created->id));
  co_return given;
}

asio::awaitable<response> show_task(exchange& at) {
  const auto record = visible_import(at.state, at.who, at.parameter);
  if (!record)
    co_return no_such_task(at.parameter, at.asked);
  co_return response(200, "application/json", schemas::task_json(*record));
}

/// What a listing asks for.
struct task_query {
  std::uint32_t limit = default_limit;
  std::string marker;
  std::string sort_key = "created_at";
  bool ascending = false;
  std::optional<schemas::task_status> status;
  bool imports_only = false;
};

tl::unexpected<failure> wrong(const std::string& key, const std::string& what) {
  return schemas::refuse(error_code::invalid_request, key + ": expected " + what + ", got something else.", key);
}

bool is_sort_key(std::string_view key) {
  constexpr std::string_view keys[]{"created_at", "updated_at", "expires_at", "id", "status", "type"};
  return std::ranges::find(keys, key) != std::end(keys);
}

result<void> read_parameter(const std::string& key, const std::string& value, task_query& into) {
  if (key == "limit") {
    const auto limit = parse_limit(value);
    if (!limit)
      return tl::unexpected{limit.error()};
    into.limit = *limit;
  } else if (key == "marker") {
    if (!is_uuid(value))
      return wrong(key, "the id of a task");
    into.marker = value;
  } else if (key == "sort_key") {
    if (!is_sort_key(value))
      return wrong(key, "created_at, updated_at, expires_at, id, status or type");
    into.sort_key = value;
  } else if (key == "sort_dir") {
    const auto ascending = parse_ascending(value);
    if (!ascending)
      return tl::unexpected{ascending.error()};
    into.ascending = *ascending;
  } else if (key == "status") {
    into.status = schemas::task_status_from(value);
    if (!into.status)
      return wrong(key, "pending, processing, success or failure");
  } else if (key == "type") {
    if (value != "import")
      return wrong(key, "import");
    into.imports_only = true;
  }
  return {};
}

result<task_query> parse_task_list(const query_pairs& pairs) {
  task_query query;
  for (const auto& [key, value] : pairs)
    if (auto known = read_parameter(key, value, query); !known)
      return tl::unexpected{std::move(known).error()};
  return query;
}

bool matches_task_query(const task_query& query, const image_import& record) {
  return (!query.status || *query.status == schemas::task_status_of(record.status)) &&
         (!query.imports_only || schemas::task_type(record) == "import");
}

/// The value by which a record is ordered, as text of the same length for the same kind.
std::string order_of(const image_import& record, std::string_view key) {
  const auto time = [](schemas::time_point when) {
    auto digits = std::to_string(when.time_since_epoch().count());
    return std::string(digits.size() < 20 ? 20 - digits.size() : 0, '0') + digits;
  };
  const auto created = time(record.created_at);
  if (key == "id")
    return record.id;
  if (key == "status")
    return std::string{to_string(schemas::task_status_of(record.status))} + created;
  if (key == "type")
    return std::string{schemas::task_type(record)} + created;
  if (key == "updated_at")
    return time(record.updated_at);
  if (key == "expires_at")
    return record.expires_at ? time(*record.expires_at) : std::string{};
  return created;
}

struct task_page {
  std::vector<image_import> records;
  bool more = false;
};

/// All of the project's imports that match, in the order asked for; gathered a page at a time, so that others have
/// their turn.
asio::awaitable<result<std::vector<image_import>>> gathered(exchange& at, const task_query& query) {
  std::vector<image_import> all;
  persistence::import_query asked;
  asked.project_id = at.who.project_id;
  asked.limit = most_records;
  std::size_t seen = 0;
  for (bool more = true; more;) {
    auto found = at.state.parts.records.list_imports(asked);
    if (!found)
      co_return result<std::vector<image_import>>(tl::unexpect, found.error());
    seen += found->records.size();
    more = found->more && !found->records.empty();
    if (more)
      asked.marker = found->records.back().id;
    for (auto& record : found->records)
      if (matches_task_query(query, record))
        all.push_back(std::move(record));
    if (seen > most_sorted)
      co_return result<std::vector<image_import>>(
          tl::unexpect, failure(error_code::invalid_request,
                                "Your project has too many tasks for this order or filter. List them by created_at."));
    if (more)
      co_await asio::post(asio::use_awaitable);
  }
  std::vector<std::pair<std::string, std::size_t>> order;
  order.reserve(all.size());
  for (std::size_t at_index = 0; at_index < all.size(); ++at_index)
    order.emplace_back(order_of(all[at_index], query.sort_key) + all[at_index].id, at_index);
  std::ranges::sort(order);
  if (!query.ascending)
    std::ranges::reverse(order);
  std::vector<image_import> sorted;
  sorted.reserve(all.size());
  for (const auto& [unused, index] : order)
    sorted.push_back(std::move(all[index]));
  co_return result<std::vector<image_import>>(std::move(sorted));
}

result<task_page> cut(std::vector<image_import> sorted, const task_query& query) {
  auto begin = sorted.begin();
  if (!query.marker.empty()) {
    const auto last = std::ranges::find(sorted, query.marker, &image_import::id);
    if (last == sorted.end())
      return schemas::refuse(error_code::invalid_request, "The marker is no task of this listing.", "marker");
    begin = std::next(last);
  }
  task_page page;
  const auto left = static_cast<std::size_t>(std::distance(begin, sorted.end()));
  page.more = query.limit > 0 && left > query.limit;
  const auto end = std::next(begin, static_cast<std::ptrdiff_t>(std::min<std::size_t>(left, query.limit)));
  page.records.assign(std::make_move_iterator(begin), std::make_move_iterator(end));
  return page;
}

/// The one status of records that a task's status stands for; nothing for `processing`, which stands for two.
std::optional<schemas::image_import_status> stored_status(schemas::task_status status) {
  switch (status) {
    case schemas::task_status::pending: return schemas::image_import_status::waiting;
    case schemas::task_status::success: return schemas::image_import_status::success;
    case schemas::task_status::failure: return schemas::image_import_status::failure;
    case schemas::task_status::processing: break;
  }
  return std::nullopt;
}

/// Listings that the records answer by themselves cost no more than a page.
std::optional<persistence::import_query> stored_query(const task_query& query, const schemas::identity& who) {
  if (query.sort_key != "created_at" || query.imports_only || query.status == schemas::task_status::processing)
    return std::nullopt;
  persistence::import_query asked;
  asked.project_id = who.project_id;
  asked.limit = query.limit;
  asked.ascending = query.ascending;
  if (query.status)
    asked.status = stored_status(*query.status);
  if (!query.marker.empty())
    asked.marker = query.marker;
  return asked;
}

asio::awaitable<result<task_page>> page_of(exchange& at, const task_query& query) {
  if (const auto asked = stored_query(query, at.who)) {
    auto found = at.state.parts.records.list_imports(*asked);
    if (!found)
      co_return result<task_page>(tl::unexpect, found.error());
    task_page page;
    page.records = std::move(found->records);
    page.more = found->more;
    co_return page;
  }
  auto gathering = gathered(at, query);
  auto all = co_await std::move(gathering);
  if (!all)
    co_return result<task_page>(tl::unexpect, all.error());
  co_return cut(std::move(*all), query);
}

asio::awaitable<response> list_tasks(exchange& at) {
  const auto pairs = parse_query(at.asked.target.query);
  if (!pairs)
    co_return fault(pairs.error(), at.asked);
  const auto query = parse_task_list(*pairs);
  if (!query)
    co_return fault(query.error(), at.asked);
  auto finding = page_of(at, *query);
  const auto page = co_await std::move(finding);
  if (!page)
    co_return fault(page.error(), at.asked);
  const auto links = page_links_of(task_collection, *pairs,
                                   page->more && !page->records.empty() ? page->records.back().id : std::string{});
  co_return response(200, "application/json", schemas::tasks_json(page->records, links));
}

}  // namespace

void add_tasks(api_router& routes) {
  routes.add(verb::get, "/v2/tasks", schemas::policy_rule::tasks_api_access, list_tasks);
  routes.add(verb::post, "/v2/tasks", schemas::policy_rule::tasks_api_access, create_task);
  routes.add(verb::get, "/v2/tasks/{id}", schemas::policy_rule::tasks_api_access, show_task);
}

}  // namespace sluice::http
