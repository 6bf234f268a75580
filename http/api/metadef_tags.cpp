// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
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
using schemas::metadef_tag;
using schemas::result;

constexpr std::string_view tag_collection = "/v2/metadefs/namespaces/{namespace}/tags";
constexpr std::string_view one_tag = "/v2/metadefs/namespaces/{namespace}/tags/{tag}";

struct tags {
  static constexpr auto list = &metadef_namespace::tags;
  static constexpr std::string_view what = "tag";
  static auto parse(std::string_view body) { return schemas::parse_metadef_tag(body); }
  static result<std::string> json(const metadef_namespace&, const schemas::metadef_tag& each) {
    return schemas::metadef_tag_json(each);
  }
};

asio::awaitable<response> list_tags(exchange& at) {
  auto record = visible_metadef(at);
  if (!record)
    co_return fault(record.error(), at.asked);
  const auto page = page_of_contents(std::move(record->tags), at.asked);
  if (!page)
    co_return fault(page.error(), at.asked);
  co_return response(200, "application/json", schemas::metadef_tags_json(*page));
}

/// X-Openstack-Append: the list is added to what is there, instead of taking its place.
bool appends(const request& asked) {
  constexpr std::array<std::string_view, 6> yes{"1", "t", "true", "on", "y", "yes"};
  std::string word{asked.field("X-Openstack-Append")};
  std::ranges::transform(word, word.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return std::ranges::find(yes, word) != yes.end();
}

asio::awaitable<response> create_list(exchange& at) {
  if (const auto ready = may_change_metadef(at); !ready)
    co_return fault(ready.error(), at.asked);
  const auto wanted = schemas::parse_metadef_tags(at.asked.body);
  if (!wanted)
    co_return fault(wanted.error(), at.asked);
  const bool append = appends(at.asked);
  metadef_edit edit = [&wanted, append](metadef_namespace& record, schemas::time_point now) -> result<void> {
    if (!append)
      record.tags.clear();
    for (const auto& tag : *wanted)
      if (auto added = add_named(record.tags, record, tag, now, tags::what); !added)
        return added;
    return {};
  };
  auto pending = change_metadef(at, std::move(edit));
  const auto changed = co_await std::move(pending);
  co_return json_answer(changed.map([&](const auto&) { return schemas::metadef_tags_json(*wanted); }), at.asked, 201);
}

asio::awaitable<response> create_tag(exchange& at) {
  if (const auto ready = may_change_metadef(at); !ready)
    co_return fault(ready.error(), at.asked);
  if (const auto named = schemas::check_metadef_name(at.second, ""); !named)
    co_return fault(named.error(), at.asked);
  metadef_edit edit = [&at](metadef_namespace& record, schemas::time_point now) {
    metadef_tag fresh;
    fresh.name = at.second;
    return add_named(record.tags, record, std::move(fresh), now, tags::what);
  };
  auto pending = change_and_show<tags>(at, std::move(edit), at.second, 201);
  co_return co_await std::move(pending);
}

}  // namespace

void add_metadef_tags(api_router& routes) {
  // Writing needs more: asked after the namespace was found, since what is not seen is absent.
  constexpr auto rule = schemas::policy_rule::get_metadefs;
  routes.add(verb::get, tag_collection, rule, list_tags);
  routes.add(verb::post, tag_collection, rule, create_list);
  routes.add(verb::get, one_tag, rule, show_contents<tags>);
  routes.add(verb::post, one_tag, rule, create_tag);
  routes.add(verb::put, one_tag, rule, update_contents<tags>);
  routes.add(verb::delete_, one_tag, rule, remove_contents<tags>);
}

}  // namespace sluice::http
