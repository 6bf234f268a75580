// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "http/api/paging.hpp"
#include "http/server/message.hpp"
#include "schemas/metadef.hpp"

namespace sluice::http {

/// How a listing of metadata definitions is to be cut out.
struct metadef_page_wish {
  std::optional<std::uint32_t> limit;
  std::optional<std::string> marker;  ///< a name
  std::string sort_key = "created_at";
  bool ascending = false;
};

/// The wish in a query; other parameters are left for the caller. Refused: what is not a number, not asc or desc, or
/// given twice.
[[nodiscard]] schemas::result<metadef_page_wish> parse_page_wish(const query_pairs& query);

/// The page of a list that is in the order of its making; `before` compares by the wish's key, ascending. not_found
/// when the marker is none of the list.
template <class Thing, class Before>
[[nodiscard]] schemas::result<std::vector<Thing>> page_of(std::vector<Thing> all, const metadef_page_wish& wish,
                                                          Before before) {
  std::ranges::stable_sort(all, before);
  if (!wish.ascending)
    std::ranges::reverse(all);
  if (wish.marker) {
    const auto last = schemas::find_named(all, *wish.marker);
    if (last == all.end())
      return schemas::refuse(schemas::error_code::not_found,
                             "marker: nothing of this listing has the name " + *wish.marker + ".", "marker");
    all.erase(all.begin(), last + 1);
  }
  if (wish.limit && *wish.limit < all.size())
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(*wish.limit), all.end());
  return all;
}

/// The same for what is in a namespace: sort_key is created_at, updated_at or name.
template <class Thing>
[[nodiscard]] schemas::result<std::vector<Thing>> page_of_contents(std::vector<Thing> all, const request& asked) {
  const auto query = parse_query(asked.target.query);
  const auto wish = query ? parse_page_wish(*query) : tl::unexpected<schemas::failure>{query.error()};
  if (!wish)
    return tl::unexpected<schemas::failure>{wish.error()};
  const auto& key = wish->sort_key;
  if (key != "created_at" && key != "updated_at" && key != "name")
    return schemas::refuse(schemas::error_code::invalid_request, "sort_key: expected created_at, updated_at or name.",
                           "sort_key");
  return page_of(std::move(all), *wish, [&key](const Thing& left, const Thing& right) {
    if (key == "name")
      return left.name < right.name;
    return key == "updated_at" ? left.updated_at < right.updated_at : left.created_at < right.created_at;
  });
}

}  // namespace sluice::http
