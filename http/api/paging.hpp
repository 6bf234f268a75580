// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/server/message.hpp"
#include "http/server/target.hpp"
#include "schemas/failure.hpp"
#include "schemas/json.hpp"

/// What all listings share: Glance's limit and marker, and the links of a page.
namespace sluice::http {

inline constexpr std::uint32_t default_limit = 25;
inline constexpr std::uint32_t most_records = 1000;

/// 0 or more; more than 1000 is read as 1000, as Glance does.
[[nodiscard]] schemas::result<std::uint32_t> parse_limit(std::string_view text);
/// `asc` or `desc`; true for asc.
[[nodiscard]] schemas::result<bool> parse_ascending(std::string_view text);

/// `path` with the caller's own query, the marker taken out for `first` and replaced for `next` (empty: no next page).
[[nodiscard]] schemas::page_links page_links_of(std::string_view path, const query_pairs& query,
                                                std::string_view next_marker);
/// The same as a Link field (RFC 8288).
[[nodiscard]] std::string link_field(const schemas::page_links& links);

}  // namespace sluice::http
