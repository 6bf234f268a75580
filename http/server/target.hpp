// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/server/head_check.hpp"
#include "schemas/failure.hpp"

/// The request target, taken apart once: everybody behind this sees the same path and the same query (RFC 9112
/// section 3.2). Pure functions over text.
namespace sluice::http {

struct request_target {
  std::string path;       ///< percent-decoded, double slashes collapsed, starts with '/'
  std::string query;      ///< as sent, without '?'
  std::string authority;  ///< of an absolute-form target; empty for origin-form
};

/// Refused: encoded slash, backslash or NUL, bad percent-encoding, control characters, dot segments, fragments, forms
/// other than origin and absolute.
[[nodiscard]] tl::expected<request_target, refusal> parse_target(std::string_view target);

using query_pairs = std::vector<std::pair<std::string, std::string>>;

/// `a=1&b=x%20y` decoded, in order; '+' is a space. Empty pairs are skipped; bad encodings are refused.
[[nodiscard]] schemas::result<query_pairs> parse_query(std::string_view query);

/// The inverse, with everything but unreserved characters encoded (RFC 3986 section 2.3).
[[nodiscard]] std::string format_query(const query_pairs& pairs);

}  // namespace sluice::http
