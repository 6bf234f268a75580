// SPDX-License-Identifier: Apache-2.0
#include "http/api/images.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
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

constexpr std::string_view image_collection = "/v2/images";
/// Rows looked at before other sessions of the loop have their turn: well under a millisecond.
constexpr std::uint32_t rows_a_turn = 2048;

using images_page = persistence::page<image>;
using persistence::image_row;

/// Calls `take` with each row that passes the filters, in the order of creation, until it says no.
template <class Take>
asio::awaitable<void> walk(exchange& at, const image_listing& wanted, std::string after, Take take) {
  const auto& records = at.state.parts.records;
  const std::function<bool(const image_row&)> look = [&](const image_row& row) {
    bool sure = true;
    for (const auto& filter : wanted.filters) {
      const auto passes = matches(filter, row);
      if (passes == false)
        return true;
      sure = sure && passes;
    }
    if (!sure) {
      const auto record = records.find_image(row.id);
      if (!record || !std::ranges::all_of(wanted.filters, [&](const auto& each) { return matches(each, *record); }))
        return true;
    }
    return take(row);
  };
  for (auto next = std::optional<std::string>(std::move(after)); next;) {
    // Records cost a hundred times what rows do; few of a turn's rows need one, since the rest is told by their traits.
    next = records.walk_images(wanted.query, *next, rows_a_turn, look);
    if (next)
      co_await asio::post(asio::use_awaitable);
  }
}

/// The ids of one image more than the page holds, when there is one more.
asio::awaitable<schemas::result<std::vector<std::string>>> select(exchange& at, const image_listing& wanted) {
  std::optional<image> marker;
  if (wanted.marker) {
    auto query = wanted.query;
    query.marker = wanted.marker;
    auto found = at.state.parts.records.find_marker(query);
    if (!found)
      co_return tl::unexpected<failure>(found.error());
    marker = std::move(*found);
  }
  const auto most = std::size_t{wanted.limit} + 1;
  std::vector<std::string> ids;
  if (wanted.limit == 0)
    co_return ids;
  if (wanted.in_record_order()) {
    auto take = [&](const image_row& row) {
      ids.emplace_back(row.id);
      return ids.size() < most;
    };
    auto after = marker ? persistence::record_store::place_of(*marker) : std::string();
    auto pending = walk(at, wanted, std::move(after), take);
    co_await std::move(pending);
    co_return ids;
  }
  first_rows first{wanted.order, most};
  const auto from = marker ? std::optional<image_row>(persistence::row_of(*marker)) : std::nullopt;
  auto take = [&](const image_row& row) {
    if (!from || comes_before(wanted.order, *from, row))
      first.add(row);
    return true;
  };
  auto pending = walk(at, wanted, std::string(), take);
  co_await std::move(pending);
  co_return first.take_ids();
}

asio::awaitable<schemas::result<images_page>> read_page(exchange& at, const image_listing& wanted) {
  auto pending = select(at, wanted);
  const auto ids = co_await std::move(pending);
  if (!ids)
    co_return tl::unexpected<failure>(ids.error());
  images_page page;
  page.more = ids->size() > wanted.limit;
  page.records.reserve(ids->size());
  for (std::size_t i = 0; i < std::min<std::size_t>(ids->size(), wanted.limit); ++i)
    if (auto record = at.state.parts.records.find_image((*ids)[i]))  // else deleted this very moment
      page.records.push_back(std::move(*record));
  co_return page;
}

asio::awaitable<response> list_images(exchange& at) {
  const auto pairs = parse_query(at.asked.target.query);
  if (!pairs)
    co_return fault(pairs.error(), at.asked);
  const auto wanted = parse_image_listing(*pairs, at.who);
  if (!wanted)
    co_return fault(wanted.error(), at.asked);
  auto pending = read_page(at, *wanted);
  const auto found = co_await std::move(pending);
  if (!found)
    co_return fault(found.error(), at.asked);
  const auto links = page_links_of(image_collection, *pairs,
                                   found->more && !found->records.empty() ? found->records.back().id : std::string{});
  response given;
  given.content_type = "application/json";
  schemas::image_page_text page{found->records.size()};
  for (const auto& record : found->records)
    page.add(record);
  given.body = std::move(page).finish(links);
  co_return given;
}

asio::awaitable<response> show_image(exchange& at) {
  const auto record = visible_image(at.state, at.who, at.parameter);
  if (!record)
    co_return no_such_image(at.parameter, at.asked);
  response given;
  given.content_type = "application/json";
  given.body = schemas::to_json(*record);
  co_return given;
}

asio::awaitable<response> remove_image(exchange& at) {
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
  routes.add(verb::get, "/v2/images/{id}", schemas::policy_rule::get_image, show_image);  // first: the busiest
  routes.add(verb::get, image_collection, schemas::policy_rule::get_images, list_images);
  routes.add(verb::delete_, "/v2/images/{id}", schemas::policy_rule::delete_image, remove_image);
}

}  // namespace sluice::http
