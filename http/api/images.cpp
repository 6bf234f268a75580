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
/// Rows looked at, and records read, before other sessions of the loop have their turn: well under a millisecond.
constexpr std::uint32_t rows_a_turn = 2048;
constexpr std::uint32_t records_a_turn = 128;

using persistence::image_row;
using persistence::record_store;

/// Calls `take` with each row that may pass the filters, in the order of creation, until it says no.
template <class Take>
asio::awaitable<void> walk(exchange& at, const image_listing& wanted, std::string after, Take take) {
  const std::function<bool(const image_row&)> look = [&](const image_row& row) {
    return !std::ranges::all_of(wanted.filters, [&row](const auto& each) { return may_match(each, row); }) || take(row);
  };
  for (auto next = std::optional<std::string>(std::move(after)); next;) {
    next = at.state.parts.records.walk_images(wanted.query, *next, rows_a_turn, look);
    if (next)
      co_await asio::post(asio::use_awaitable);
  }
}

/// How far a listing has come: the place in a walk or the sort key of the last image that was looked at, empty before
/// the first.
using listing_place = std::string;

listing_place place_in(const image_listing& wanted, const image_row& row) {
  return wanted.in_record_order() ? record_store::place_of(row.created_at, row.id) : sort_key(wanted.order, row);
}

/// The ids of the first `most` images whose rows may pass the filters, and after `from`, which goes on to the last.
asio::awaitable<std::vector<std::string>> select(exchange& at, const image_listing& wanted, std::size_t most,
                                                 listing_place& from) {
  if (wanted.in_record_order()) {
    std::vector<std::string> ids;
    auto take = [&](const image_row& row) {
      ids.emplace_back(row.id);
      if (ids.size() < most)
        return true;
      from = place_in(wanted, row);
      return false;
    };
    auto pending = walk(at, wanted, from, take);
    co_await std::move(pending);
    co_return ids;
  }
  first_rows first{wanted.order, most, from};
  auto take = [&first](const image_row& row) {
    first.add(row);
    return true;
  };
  auto pending = walk(at, wanted, std::string(), take);
  co_await std::move(pending);
  auto ids = first.take_ids();
  from = first.last();
  co_return ids;
}

/// The images of a page, written as they are read.
struct page_in_writing {
  explicit page_in_writing(std::size_t limit) : text{limit} {}
  schemas::image_page_text text;
  std::size_t images = 0;
  std::string last;   ///< the id of the last image
  bool more = false;  ///< there are images after these
};

/// Writes those of the images that are still there and pass the filters, until the page is full.
asio::awaitable<void> write(exchange& at, const image_listing& wanted, const std::vector<std::string>& ids,
                            page_in_writing& page) {
  std::uint32_t turn = 0;
  for (const auto& id : ids) {
    if (page.images == wanted.limit && wanted.decided_by_rows()) {
      page.more = true;
      co_return;
    }
    const auto record = at.state.parts.records.find_image(id);
    // What was made private since its row was read is shown no more.
    const bool shown = record && schemas::may_see(at.who, *record, true);
    if (shown && std::ranges::all_of(wanted.filters, [&](const auto& each) { return matches(each, *record); })) {
      if (page.images == wanted.limit) {
        page.more = true;
        co_return;
      }
      page.text.add(*record);
      page.last = id;
      ++page.images;
    }
    if (++turn % records_a_turn == 0)
      co_await asio::post(asio::use_awaitable);
  }
}

asio::awaitable<schemas::result<page_in_writing>> read_page(exchange& at, const image_listing& wanted) {
  listing_place from;
  if (wanted.marker) {
    auto query = wanted.query;
    query.marker = wanted.marker;
    const auto marker = at.state.parts.records.find_marker(query);
    if (!marker)
      co_return tl::unexpected<failure>(marker.error());
    from = place_in(wanted, persistence::row_of(*marker));
  }
  page_in_writing page{wanted.limit};
  // Rows take a few images too many where traits decide. Should the page not be full for that it goes on from there,
  // with more at a time, so that traits made to be mistaken for others cost few walks.
  constexpr std::size_t most_at_once = 16'000;
  auto most = std::size_t{wanted.limit} + 1;
  for (bool ended = wanted.limit == 0; !ended && !page.more; most = std::min(4 * most, most_at_once)) {
    auto selecting = select(at, wanted, most, from);
    const auto ids = co_await std::move(selecting);
    auto writing = write(at, wanted, ids, page);
    co_await std::move(writing);
    ended = ids.size() < most;
  }
  co_return std::move(page);
}

asio::awaitable<response> list_images(exchange& at) {
  const auto pairs = parse_query(at.asked.target.query);
  if (!pairs)
    co_return fault(pairs.error(), at.asked);
  const auto wanted = parse_image_listing(*pairs, at.who);
  if (!wanted)
    co_return fault(wanted.error(), at.asked);
  auto pending = read_page(at, *wanted);
  auto page = co_await std::move(pending);
  if (!page)
    co_return fault(page.error(), at.asked);
  const auto links = page_links_of(image_collection, *pairs, page->more ? page->last : std::string());
  response given;
  given.content_type = "application/json";
  given.body = std::move(page->text).finish(links);
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
