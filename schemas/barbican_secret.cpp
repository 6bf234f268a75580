// SPDX-License-Identifier: Apache-2.0
#include "schemas/barbican_secret.hpp"

#include <algorithm>

#include "schemas/json_value.hpp"

namespace sluice::schemas {

namespace {

constexpr std::size_t longest_type = 127;

/// Letters of a media type without parameters (RFC 6838 section 4.2), and the slash between its two names.
bool is_media_type(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"!#$&-^_.+/"}.find(c) != std::string_view::npos;
  };
  return text.size() <= longest_type && std::ranges::count(text, '/') == 1 && !text.starts_with('/') &&
         !text.ends_with('/') && std::ranges::all_of(text, allowed);
}

}  // namespace

result<std::string> barbican_payload_type(std::string_view metadata) {
  const auto document = parse_json(metadata);
  if (!document)
    return tl::unexpected{document.error()};
  const auto* const types = document->find("content_types");
  const auto* const type = types == nullptr ? nullptr : types->find("default");
  const auto* const text = type == nullptr ? nullptr : type->as_string();
  if (text == nullptr || !is_media_type(*text))
    return refuse(error_code::invalid_json, "Expected content_types.default to be a media type.");
  return *text;
}

}  // namespace sluice::schemas
