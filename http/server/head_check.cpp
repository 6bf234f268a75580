// SPDX-License-Identifier: Apache-2.0
#include "http/server/head_check.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "http/letter_case.hpp"
#include "http/server/white_space.hpp"

namespace sluice::http {
namespace {

constexpr std::size_t longest_method = 32;

/// RFC 9110 section 5.6.2.
constexpr bool is_token_character(char c) noexcept {
  if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
    return true;
  return std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos && c != '\0';
}

constexpr auto token_table = [] {
  std::array<bool, 256> table{};
  for (std::size_t i = 0; i < table.size(); ++i)
    table[i] = is_token_character(static_cast<char>(i));
  return table;
}();

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return token_table[static_cast<std::uint8_t>(c)]; });
}

/// RFC 9110 section 5.5: no control characters but the tabulator; bytes over 127 are opaque.
bool is_field_value(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<std::uint8_t>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

bool is_digits(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

tl::unexpected<refusal> refuse_head(unsigned status, std::string_view words) {
  return tl::unexpected<refusal>{refusal{status, words}};
}

tl::expected<request_head, refusal> check_request_line(std::string_view line, const server_limits& limits) {
  request_head head;
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last)
    return refuse_head(400, "The request line must be a method, a target and a version, with one space between them.");
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  const auto version = line.substr(last + 1);
  if (!is_token(head.method) || head.method.size() > longest_method)
    return refuse_head(400, "The method of the request line is not a token.");
  if (head.target.size() > limits.target_bytes)
    return refuse_head(414, "The request target is too long.");
  if (head.target.empty() || !std::ranges::all_of(head.target, [](char c) { return c > 0x20 && c < 0x7f; }))
    return refuse_head(400, "The request target holds a character that must be percent-encoded.");
  if (version == "HTTP/1.1")
    head.version_1_1 = true;
  else if (version == "HTTP/1.0")
    head.version_1_1 = false;
  else if (version.size() == 8 && version.starts_with("HTTP/") && version[6] == '.' &&
           is_digits(version.substr(5, 1)) && is_digits(version.substr(7)))
    return refuse_head(505, "This service speaks HTTP/1.1 and HTTP/1.0.");
  else
    return refuse_head(400, "The request line does not end with an HTTP version.");
  return head;
}

/// What must be known of all fields together before the framing is certain.
struct framing_fields {
  unsigned content_lengths = 0;
  unsigned transfer_encodings = 0;
  unsigned hosts = 0;
  std::uint64_t content_length = 0;
};

std::optional<refusal> check_field(std::string_view name, std::string_view value, framing_fields& seen,
                                   request_head& head) {
  switch (name.size()) {
    case 4:
      if (same_word(name, "host")) {
        ++seen.hosts;
        if (!value.empty() && !is_authority(value))
          return refusal{400, "The Host field is not a host name or address with an optional port."};
      }
      break;
    case 6:
      if (same_word(name, "expect")) {
        if (!same_word(value, "100-continue"))
          return refusal{417, "The only expectation this service meets is 100-continue."};
        head.expects_continue = true;
      }
      break;
    case 14:
      if (same_word(name, "content-length")) {
        ++seen.content_lengths;
        if (!is_digits(value) || value.size() > 18)
          return refusal{400, "Content-Length must be one decimal number."};
        for (const char c : value)
          seen.content_length = seen.content_length * 10 + static_cast<std::uint64_t>(c - '0');
      }
      break;
    case 17:
      if (same_word(name, "transfer-encoding")) {
        ++seen.transfer_encodings;
        if (!same_word(value, "chunked"))
          return refusal{400, "The only transfer encoding this service reads is chunked, alone."};
      }
      break;
    default: break;
  }
  return std::nullopt;
}

std::optional<refusal> check_framing(const framing_fields& seen, request_head& head) {
  if (seen.content_lengths > 1 || seen.transfer_encodings > 1)
    return refusal{400, "The length of the body is given twice."};
  if (seen.content_lengths != 0 && seen.transfer_encodings != 0)
    return refusal{400, "Content-Length and Transfer-Encoding exclude each other."};
  if (seen.transfer_encodings != 0 && !head.version_1_1)
    return refusal{400, "HTTP/1.0 has no Transfer-Encoding."};
  if (seen.hosts > 1 || (seen.hosts == 0 && head.version_1_1))
    return refusal{400, "A request needs exactly one Host field."};
  head.has_body = seen.transfer_encodings != 0 || seen.content_length != 0;
  return std::nullopt;
}

}  // namespace

tl::expected<std::optional<std::size_t>, refusal> find_head_end(std::string_view bytes, std::size_t from,
                                                                const server_limits& limits) {
  for (auto position = bytes.find('\n', from); position != std::string_view::npos;
       position = bytes.find('\n', position + 1)) {
    if (position == 0 || bytes[position - 1] != '\r')
      return refuse_head(400, "Every line of a request must end with carriage return and line feed.");
    if (position >= limits.header_bytes)
      break;
    if (position >= 3 && bytes[position - 2] == '\n')
      return std::optional<std::size_t>{position + 1};
  }
  if (bytes.size() < limits.header_bytes)
    return std::optional<std::size_t>{};
  if (bytes.substr(0, limits.target_bytes + longest_method).find('\r') == std::string_view::npos)
    return refuse_head(414, "The request target is too long.");
  return refuse_head(431, "The request line and header fields together are too long.");
}

tl::expected<request_head, refusal> check_head(std::string_view block, const server_limits& limits) {
  const auto line_end = block.find("\r\n");
  if (line_end == std::string_view::npos)
    return refuse_head(400, "The request line is not complete.");
  auto head = check_request_line(block.substr(0, line_end), limits);
  if (!head)
    return head;
  framing_fields seen;
  std::size_t count = 0;
  for (auto rest = block.substr(line_end + 2); rest != "\r\n";) {
    const auto end = rest.find("\r\n");
    if (end == std::string_view::npos)
      return refuse_head(400, "The header fields do not end with an empty line.");
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    if (++count > limits.header_count)
      return refuse_head(431, "The request has too many header fields.");
    if (line.empty() || line.front() == ' ' || line.front() == '\t')
      return refuse_head(400, "A header field must not be folded over two lines.");
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
      return refuse_head(400, "A header field must be a name, a colon directly after it, and a value.");
    const auto value = trimmed(line.substr(colon + 1));
    if (!is_field_value(value))
      return refuse_head(400, "A header field holds a control character.");
    if (auto why = check_field(line.substr(0, colon), value, seen, *head))
      return tl::unexpected<refusal>{*why};
  }
  if (auto why = check_framing(seen, *head))
    return tl::unexpected<refusal>{*why};
  return head;
}

bool is_authority(std::string_view text) noexcept {
  if (text.empty() || text.size() > 262)
    return false;
  std::size_t host_end = 0;
  if (text.front() == '[') {
    host_end = text.find(']');
    if (host_end == std::string_view::npos || host_end < 3)
      return false;
    for (const char c : text.substr(1, host_end - 1))
      if (std::string_view{"0123456789abcdefABCDEF:."}.find(c) == std::string_view::npos)
        return false;
    ++host_end;
  } else {
    host_end = std::min(text.find(':'), text.size());
    const auto host = text.substr(0, host_end);
    if (host.empty() || !std::ranges::all_of(host, [](char c) {
          return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' ||
                 c == '_';
        }))
      return false;
  }
  const auto port = text.substr(host_end);
  return port.empty() || (port.front() == ':' && is_digits(port.substr(1)) && port.size() <= 6);
}

}  // namespace sluice::http
