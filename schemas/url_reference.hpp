// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "schemas/failure.hpp"

namespace sluice::schemas {

/// Boost.URL's parser, held to RFC 3986 where its version 1.81 is not: after an authority the path is empty or begins
/// with a slash (section 3.3). Boost reads `https://127.0.0.1.evil.example/` as the host 127.0.0.1 with the path
/// `.evil.example/`, and `https://user:pa/ss@host/` as the host `user`; here both are refused.
///
/// Every URL of the service goes through this function. The view points into `text`.
[[nodiscard]] inline result<boost::urls::url_view> parse_url_reference(std::string_view text) {
  const auto parsed = boost::urls::parse_uri_reference({text.data(), text.size()});
  if (!parsed)
    return refuse(error_code::invalid_location, "The location is not a valid URL.");
  const std::string_view path = parsed->encoded_path();
  if (parsed->has_authority() && !path.empty() && path.front() != '/')
    return refuse(error_code::invalid_location, "The location's host and port are not a valid authority of a URL.");
  return *parsed;
}

}  // namespace sluice::schemas
