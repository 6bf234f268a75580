// SPDX-License-Identifier: Apache-2.0
#include "http/api/images.hpp"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "actors/coroutines/ask.hpp"
#include "http/api/faults.hpp"
#include "http/api/image_listing.hpp"
#include "http/api/paging.hpp"
#include "http/server/request_id.hpp"
#include "schemas/json.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
using schemas::error_code;
using schemas::failure;
using schemas::image;

constexpr std::string_view collection = "/v2/images";
constexpr std::uint32_t scan_page = 200;       ///< records read before other sessions have their turn
constexpr std::size_t most_scanned = 100'000;  ///< records a filter may look at
constexpr std::size_t most_sorted = 20'000;    ///< records an order other than by creation may hold

using images_page = persistence::page<image>;

/// Calls `take` with each record that passes the filters, in record order, until it says no. The records are read in
/// pages, with a turn for the other sessions of the loop between them.
template <class Take>
asio::awaitable<schemas::result<void>> scan(exchange& at, const image_listing& wanted, Take take) {
  auto query = wanted.query;
  query.limit = scan_page;
  for (std::size_t scanned = 0; scanned < most_scanned;) {
    auto found = at.state.parts.records.list_images(query);
    if (!found)
      co_return tl::unexpected<failure>(found.error());
    scanned += found->records.size();
    if (found->more)
      query.marker = found->records.back().id;
    for (auto& record : found->records)
      if (std::ranges::all_of(wanted.filters, [&](const auto& filter) { return matches(filter, record); }) &&
          !take(std::move(record)))
        co_return schemas::result<void>();
    if (!found->more)
      co_return schemas::result<void>();
    co_await asio::post(asio::use_awaitable);
  }
  co_return schemas::refuse(
      error_code::invalid_request,
      "Too many images would have to be searched. Narrow the listing by name, owner or visibility.");
}

asio::awaitable<schemas::result<images_page>> read_in_order(exchange& at, const image_listing& wanted) {
  auto directed = wanted;
  directed.query.marker = wanted.marker;
  images_page page;
  if (wanted.filters.empty()) {
    directed.query.limit = wanted.limit;
    co_return at.state.parts.records.list_images(directed.query);
  }
  auto take = [&](image record) {
    page.more = page.records.size() == wanted.limit;
    if (!page.more)
      page.records.push_back(std::move(record));
    return !page.more;
  };
  auto pending = scan(at, directed, take);
  const auto scanned = co_await std::move(pending);
  if (!scanned)
    co_return tl::unexpected<failure>(scanned.error());
  co_return page;
}

asio::awaitable<schemas::result<images_page>> read_and_sort(exchange& at, const image_listing& wanted) {
  std::vector<image> all;
  bool too_many = false;
  auto take = [&](image record) {
    all.push_back(std::move(record));
    too_many = all.size() > most_sorted;
    return !too_many;
  };
  auto pending = scan(at, wanted, take);
  const auto scanned = co_await std::move(pending);
  if (!scanned)
    co_return tl::unexpected<failure>(scanned.error());
  if (too_many)
    co_return schemas::refuse(error_code::invalid_request,
                              "Too many images to sort. Narrow the listing, or sort by created_at.", "sort_key");
  std::ranges::sort(all,
                    [&](const image& left, const image& right) { return comes_before(wanted.order, left, right); });
  auto begin = all.begin();
  if (wanted.marker) {
    begin = std::ranges::find(all, *wanted.marker, &image::id);
    if (begin == all.end())
      co_return schemas::refuse(error_code::invalid_request, "marker: no image of this listing has this id.", "marker");
    ++begin;
  }
  images_page page;
  const auto left = static_cast<std::size_t>(std::distance(begin, all.end()));
  const auto end = begin + static_cast<std::ptrdiff_t>(std::min<std::size_t>(left, wanted.limit));
  page.more = end != all.end();
  std::move(begin, end, std::back_inserter(page.records));
  co_return page;
}

asio::awaitable<response> list(exchange& at) {
  const auto pairs = parse_query(at.asked.target.query);
  if (!pairs)
    co_return fault(pairs.error(), at.asked);
  const auto wanted = parse_image_listing(*pairs, at.who);
  if (!wanted)
    co_return fault(wanted.error(), at.asked);
  auto pending = wanted->in_record_order() ? read_in_order(at, *wanted) : read_and_sort(at, *wanted);
  const auto found = co_await std::move(pending);
  if (!found)
    co_return fault(found.error(), at.asked);
  const auto links = page_links_of(collection, *pairs,
                                   found->more && !found->records.empty() ? found->records.back().id : std::string{});
  response given;
  given.content_type = "application/json";
  given.body = schemas::to_json(found->records, links);
  co_return given;
}

asio::awaitable<response> show(exchange& at) {
  const auto record = visible_image(at.state, at.who, at.parameter);
  if (!record)
    co_return no_such_image(at.parameter, at.asked);
  response given;
  given.content_type = "application/json";
  given.body = schemas::to_json(*record);
  co_return given;
}

asio::awaitable<response> remove(exchange& at) {
  const auto record = visible_image(at.state, at.who, at.parameter);
  if (!record)
    co_return no_such_image(at.parameter, at.asked);
  if (!schemas::may_change(at.who, *record))
    co_return fault(failure(error_code::forbidden, "You are not permitted to delete this image."), at.asked);
  const auto& parts = at.state.parts;
  auto pending = actors::ask<actors::done_atom>(parts.system, parts.lifetime, at.state.limits.create_deadline,
                                                actors::remove_atom_v, at.who, at.parameter);
  const auto done = co_await std::move(pending);
  co_return removed(at, done, no_such_image);
}

}  // namespace

std::optional<image> visible_image(const api_state& state, const schemas::identity& who, std::string_view id) {
  if (!is_uuid(id))
    return std::nullopt;
  const auto& records = state.parts.records;
  auto record = records.find_image(id);
  if (!record)
    return std::nullopt;
  const bool seen = schemas::may_see(who, *record) ||
                    (schemas::may_see(who, *record, true) && records.find_member(id, who.project_id).has_value());
  return seen ? std::move(record) : std::nullopt;
}

void add_images(api_router& routes) {
  routes.add(verb::get, "/v2/images/{id}", schemas::policy_rule::get_image, show);  // first: the busiest
  routes.add(verb::get, collection, schemas::policy_rule::get_images, list);
  routes.add(verb::delete_, "/v2/images/{id}", schemas::policy_rule::delete_image, remove);
}

}  // namespace sluice::http
