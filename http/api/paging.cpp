// SPDX-License-Identifier: Apache-2.0
#include "http/api/paging.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace sluice::http {

using schemas::error_code;
using schemas::refuse;
using schemas::result;

result<std::uint32_t> parse_limit(std::string_view text) {
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  if (!digits)
    return refuse(error_code::invalid_request, "limit: expected a number, 0 or more.", "limit");
  std::uint32_t limit = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), limit).ec == std::errc::result_out_of_range)
    return most_records;
  return std::min(limit, most_records);
}

result<bool> parse_ascending(std::string_view text) {
  if (text == "asc")
    return true;
  if (text == "desc")
    return false;
  return refuse(error_code::invalid_request, "sort_dir: expected asc or desc.", "sort_dir");
}

schemas::page_links page_links_of(std::string_view path, const query_pairs& query, std::string_view next_marker) {
  auto pairs = query;
  std::erase_if(pairs, [](const auto& pair) { return pair.first == "marker"; });
  const auto with_query = [&] {
    std::string link{path};
    if (!pairs.empty())
      link.append("?").append(format_query(pairs));
    return link;
  };
  schemas::page_links links;
  links.first = with_query();
  if (!next_marker.empty()) {
    pairs.emplace_back("marker", std::string{next_marker});
    links.next = with_query();
  }
  return links;
}

std::string link_field(const schemas::page_links& links) {
  std::string field = "<" + links.first + ">; rel=\"first\"";
  if (links.next)
    field += ", <" + *links.next + ">; rel=\"next\"";
  return field;
}

}  // namespace sluice::http
