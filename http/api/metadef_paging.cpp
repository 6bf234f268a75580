// SPDX-License-Identifier: Apache-2.0
#include "http/api/metadef_paging.hpp"

namespace sluice::http {

using schemas::failure;
using schemas::result;

result<metadef_page_wish> parse_page_wish(const query_pairs& query) {
  metadef_page_wish wish;
  std::vector<std::string_view> seen;
  for (const auto& [key, value] : query) {
    if (key != "limit" && key != "marker" && key != "sort_key" && key != "sort_dir")
      continue;
    if (std::ranges::find(seen, key) != seen.end())
      return schemas::refuse(schemas::error_code::invalid_request, key + ": expected once, found twice.", key);
    seen.push_back(key);
    if (key == "limit") {
      const auto limit = parse_limit(value);
      if (!limit)
        return tl::unexpected<failure>{limit.error()};
      wish.limit = *limit;
    } else if (key == "sort_dir") {
      const auto ascending = parse_ascending(value);
      if (!ascending)
        return tl::unexpected<failure>{ascending.error()};
      wish.ascending = *ascending;
    } else if (key == "marker") {
      wish.marker = value;
    } else {
      wish.sort_key = value;
    }
  }
  return wish;
}

}  // namespace sluice::http
