// SPDX-License-Identifier: Apache-2.0
#include "http/server/negotiation.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <system_error>

#include "http/letter_case.hpp"
#include "http/server/white_space.hpp"

namespace sluice::http {
namespace {

/// Takes the next part off `rest`.
std::string_view next_part(std::string_view& rest, char separator) noexcept {
  const auto end = std::min(rest.find(separator), rest.size());
  const auto part = trimmed(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

/// `0`, `0.5`, `1.000` in thousandths; malformed counts as 0 (RFC 9110 section 12.4.2).
int thousandths(std::string_view text) noexcept {
  if (text.empty() || text.size() > 5 || (text.front() != '0' && text.front() != '1') ||
      (text.size() > 1 && text[1] != '.'))
    return 0;
  int value = text.front() == '1' ? 1000 : 0;
  int weight = 100;
  for (std::size_t i = 2; i < text.size(); ++i, weight /= 10) {
    if (text[i] < '0' || text[i] > '9')
      return 0;
    value += (text[i] - '0') * weight;
  }
  return std::min(value, 1000);
}

struct acceptance {
  int quality = 0;     ///< thousandths
  bool exact = false;  ///< named itself, not by a wildcard
};

/// How gladly `accept` takes `type`/`subtype`: the most specific range decides.
acceptance accepted(std::string_view accept, std::string_view type, std::string_view subtype) noexcept {
  acceptance found;
  int specificity = 0;
  while (!accept.empty()) {
    auto parameters = next_part(accept, ',');
    const auto range = next_part(parameters, ';');
    const auto slash = range.find('/');
    if (slash == std::string_view::npos)
      continue;
    const auto range_type = range.substr(0, slash);
    const auto range_subtype = range.substr(slash + 1);
    int matches = 0;
    if (range == "*/*")
      matches = 1;
    else if (same_word(range_type, type) && range_subtype == "*")
      matches = 2;
    else if (same_word(range_type, type) && same_word(range_subtype, subtype))
      matches = 3;
    if (matches <= specificity)
      continue;
    specificity = matches;
    found.quality = 1000;
    found.exact = matches == 3;
    while (!parameters.empty()) {
      const auto parameter = next_part(parameters, ';');
      if (parameter.starts_with("q=") || parameter.starts_with("Q="))
        found.quality = thousandths(parameter.substr(2));
    }
  }
  return found;
}

}  // namespace

fault_form preferred_fault_form(std::string_view accept) noexcept {
  const auto problem = accepted(accept, "application", "problem+json");
  const auto html = accepted(accept, "text", "html");
  const auto json = accepted(accept, "application", "json");
  if (problem.exact && problem.quality > 0 && problem.quality >= std::max(html.quality, json.quality))
    return fault_form::problem;
  if (html.quality > 0 && html.quality >= json.quality)
    return fault_form::glance_html;
  if (json.quality > 0)
    return fault_form::glance_json;
  return fault_form::glance_plain;
}

bool wants_event_stream(std::string_view accept) noexcept {
  const auto stream = accepted(accept, "text", "event-stream");
  return stream.exact && stream.quality > 0 && stream.quality >= accepted(accept, "application", "json").quality;
}

std::optional<std::chrono::seconds> preferred_wait(std::string_view prefer) noexcept {
  while (!prefer.empty()) {
    auto preference = next_part(prefer, ',');
    const auto token = next_part(preference, ';');
    const auto equals = token.find('=');
    if (equals == std::string_view::npos || !same_word(trimmed(token.substr(0, equals)), "wait"))
      continue;
    const auto text = trimmed(token.substr(equals + 1));
    std::uint32_t value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc{} || end != text.data() + text.size())
      return std::nullopt;
    return std::chrono::seconds{value};
  }
  return std::nullopt;
}

bool is_json_media_type(std::string_view content_type, std::string_view type) noexcept {
  if (!same_word(next_part(content_type, ';'), type))
    return false;
  const auto parameter = trimmed(content_type);
  return parameter.empty() || same_word(parameter, "charset=utf-8") || same_word(parameter, "charset=\"utf-8\"");
}

}  // namespace sluice::http
