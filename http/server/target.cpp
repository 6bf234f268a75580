// SPDX-License-Identifier: Apache-2.0
#include "http/server/target.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

#include "http/letter_case.hpp"

namespace sluice::http {
namespace {

using schemas::refuse;
using schemas::result;

constexpr std::size_t most_query_pairs = 64;

tl::unexpected<refusal> refuse_target(std::string_view words) {
  return tl::unexpected<refusal>{refusal{400, words}};
}

std::optional<std::uint8_t> hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9')
    return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f')
    return static_cast<std::uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F')
    return static_cast<std::uint8_t>(c - 'A' + 10);
  return std::nullopt;
}

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      decoded.push_back(' ');
    } else if (text[i] != '%') {
      decoded.push_back(text[i]);
    } else {
      if (i + 2 >= text.size())
        return std::nullopt;
      const auto high = hex_digit(text[i + 1]);
      const auto low = hex_digit(text[i + 2]);
      if (!high || !low)
        return std::nullopt;
      decoded.push_back(static_cast<char>(*high * 16 + *low));
      i += 2;
    }
  }
  return decoded;
}

bool has_control_character(std::string_view text) noexcept {
  for (const char c : text)
    if (static_cast<std::uint8_t>(c) < 0x20 || c == 0x7f)
      return true;
  return false;
}

tl::expected<std::string, refusal> normal_path(std::string_view raw) {
  if (raw == "/")
    return std::string{"/"};
  std::string path;
  path.reserve(raw.size());
  bool ends_with_slash = false;
  while (!raw.empty()) {
    raw.remove_prefix(1);  // the slash
    const auto end = std::min(raw.find('/'), raw.size());
    const auto segment = percent_decoded(raw.substr(0, end), false);
    raw.remove_prefix(end);
    ends_with_slash = end == 0;
    if (!segment)
      return refuse_target("The path holds a bad percent-encoding.");
    if (segment->empty())
      continue;
    if (*segment == "." || *segment == "..")
      return refuse_target("The path must not hold dot segments.");
    if (segment->find_first_of("/\\") != std::string::npos || has_control_character(*segment))
      return refuse_target("The path must not hold encoded slashes or control characters.");
    path.push_back('/');
    path.append(*segment);
  }
  if (ends_with_slash || path.empty())
    path.push_back('/');
  return path;
}

}  // namespace

tl::expected<request_target, refusal> parse_target(std::string_view target) {
  request_target parsed;
  if (!target.starts_with('/')) {
    const auto scheme_end = target.find("://");
    const auto scheme = target.substr(0, scheme_end == std::string_view::npos ? 0 : scheme_end);
    if (!same_word(scheme, "http") && !same_word(scheme, "https"))
      return refuse_target("The request target must be a path, or an absolute http URL.");
    target.remove_prefix(scheme_end + 3);
    const auto end = std::min(target.find_first_of("/?#"), target.size());
    parsed.authority = std::string{target.substr(0, end)};
    if (!is_authority(parsed.authority))
      return refuse_target("The host of the request target is not valid.");
    target.remove_prefix(end);
  }
  if (target.find('#') != std::string_view::npos)
    return refuse_target("The request target must not hold a fragment.");
  const auto question = target.find('?');
  if (question != std::string_view::npos)
    parsed.query = std::string{target.substr(question + 1)};
  const auto raw = target.substr(0, question);
  auto path = normal_path(raw.empty() ? std::string_view{"/"} : raw);
  if (!path)
    return tl::unexpected<refusal>{path.error()};
  parsed.path = std::move(*path);
  return parsed;
}

result<query_pairs> parse_query(std::string_view query) {
  query_pairs pairs;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (part.empty())
      continue;
    if (pairs.size() == most_query_pairs)
      return refuse(schemas::error_code::invalid_request, "The query has too many parameters; at most 64 are read.");
    const auto equals = part.find('=');
    auto key = percent_decoded(part.substr(0, equals), true);
    auto value = percent_decoded(equals == std::string_view::npos ? std::string_view{} : part.substr(equals + 1), true);
    if (!key || !value)
      return refuse(schemas::error_code::invalid_request, "The query holds a bad percent-encoding.");
    if (key->empty() || has_control_character(*key) || has_control_character(*value))
      return refuse(schemas::error_code::invalid_request, "The query holds an empty name or a control character.");
    pairs.emplace_back(std::move(*key), std::move(*value));
  }
  return pairs;
}

std::string format_query(const query_pairs& pairs) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  const auto append = [&](std::string_view part) {
    for (const char c : part) {
      const bool unreserved = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                              c == '.' || c == '_' || c == '~';
      if (unreserved) {
        text.push_back(c);
      } else {
        const auto byte = static_cast<std::uint8_t>(c);
        text.push_back('%');
        text.push_back(digits[byte >> 4]);
        text.push_back(digits[byte & 15]);
      }
    }
  };
  for (const auto& [key, value] : pairs) {
    if (!text.empty())
      text.push_back('&');
    append(key);
    text.push_back('=');
    append(value);
  }
  return text;
}

}  // namespace sluice::http
