// SPDX-License-Identifier: Apache-2.0
#include "http/client/response_head.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "http/letter_case.hpp"

namespace sluice::http {

namespace beast = boost::beast;
using beast::http::field;

namespace {

using fields = beast::http::fields;

tl::unexpected<schemas::failure> broken(std::string_view what) {
  return schemas::refuse(schemas::error_code::source_protocol,
                         "Could not retrieve image. The source's answer is not plain HTTP/1.1: " + std::string{what} +
                             ". Check the source server, or a proxy before it.");
}

std::string_view view(beast::string_view text) noexcept {
  return {text.data(), text.size()};
}

/// Digits only, at most 2^63 - 1: no sign, no space, no list.
std::optional<std::uint64_t> decimal(std::string_view text) noexcept {
  std::uint64_t out = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, out);
  if (text.empty() || fault != std::errc{} || stop != end || out > std::numeric_limits<std::int64_t>::max())
    return std::nullopt;
  return out;
}

bool has_folded_line(std::string_view block) noexcept {
  for (auto at = block.find('\n'); at != std::string_view::npos; at = block.find('\n', at + 1))
    if (at + 1 < block.size() && (block[at + 1] == ' ' || block[at + 1] == '\t'))
      return true;
  return false;
}

bool has_bare_line_end(std::string_view block) noexcept {
  for (std::size_t at = 0; at < block.size(); ++at) {
    if (block[at] == '\n' && (at == 0 || block[at - 1] != '\r'))
      return true;
    if (block[at] == '\r' && at + 1 < block.size() && block[at + 1] != '\n')
      return true;
  }
  return false;
}

/// Fields of which a second one would contradict the first.
std::optional<std::string_view> repeated_field(const fields& from) {
  if (from.count(field::content_length) > 1)
    return "it states its length twice";
  if (from.count(field::transfer_encoding) > 1)
    return "it states its transfer encoding twice";
  if (from.count("X-Subject-Token") > 1 || from.count("X-Auth-Token") > 1 || from.count("X-Storage-Url") > 1)
    return "it repeats what a sign-in is answered with";
  if (from.count(field::location) > 1 || from.count(field::etag) > 1 || from.count(field::content_range) > 1)
    return "it repeats a field that may stand only once";
  return std::nullopt;
}

schemas::result<void> read_framing(const fields& from, unsigned version, response_head& out) {
  const auto coding = from.find(field::transfer_encoding);
  const auto length = from.find(field::content_length);
  if (coding != from.end()) {
    if (length != from.end())
      return broken("it states a length and a transfer encoding");
    if (!same_word(coding->value(), "chunked") || version != 11)
      return broken("expected the transfer encoding chunked or none");
    out.framing = body_framing::chunked;
  } else if (length != from.end()) {
    const auto bytes = decimal(view(length->value()));
    if (!bytes)
      return broken("its length is not a number below 2^63");
    out.framing = body_framing::content_length;
    out.length = *bytes;
  }
  return {};
}

bool is_encoded(const fields& from) {
  const auto [first, last] = from.equal_range(field::content_encoding);
  return std::any_of(first, last,
                     [](const auto& each) { return !each.value().empty() && !same_word(each.value(), "identity"); });
}

}  // namespace

schemas::result<response_head> parse_response_head(std::string_view block) {
  if (has_bare_line_end(block))
    return broken("its lines must end with CR LF");
  if (has_folded_line(block))
    return broken("it folds a header line");

  beast::http::response_parser<beast::http::empty_body> parser;
  parser.header_limit(std::numeric_limits<std::uint32_t>::max());  // the caller has bounded the block
  parser.body_limit(boost::none);
  parser.skip(true);
  beast::error_code error;
  parser.put(boost::asio::const_buffer{block.data(), block.size()}, error);
  if (error || !parser.is_header_done())
    return broken("expected a status line and header fields");

  const auto& message = parser.get();
  if (message.version() != 10 && message.version() != 11)
    return broken("expected version 1.0 or 1.1");
  const fields& from = message;
  if (const auto fault = repeated_field(from))
    return broken(*fault);

  response_head out;
  out.status = message.result_int();
  if (auto framing = read_framing(from, message.version(), out); !framing)
    return tl::unexpected{std::move(framing.error())};
  out.encoded = is_encoded(from);
  out.location = view(from[field::location]);
  out.retry_after = view(from[field::retry_after]);
  if (const auto etag = view(from[field::etag]); is_strong_validator(etag))
    out.validator = etag;
  if (const auto token = view(from["X-Subject-Token"]); is_token(token))
    out.subject_token = token;
  if (const auto token = view(from["X-Auth-Token"]); is_token(token))
    out.auth_token = token;
  out.storage_url = view(from["X-Storage-Url"]);
  out.range = parse_content_range(view(from[field::content_range]));
  return out;
}

bool may_become_response_head(std::string_view so_far) noexcept {
  constexpr std::string_view start = "HTTP/1.";
  const auto compared = std::min(so_far.size(), start.size());
  return so_far.substr(0, compared) == start.substr(0, compared) && !has_bare_line_end(so_far);
}

bool is_token(std::string_view text) noexcept {
  constexpr std::size_t longest = 8192;
  return !text.empty() && text.size() <= longest &&
         std::ranges::all_of(text, [](char each) { return each > 0x20 && each < 0x7f; });
}

bool is_strong_validator(std::string_view etag) noexcept {
  if (etag.empty() || etag.size() > 256)
    return false;
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"')
    return std::ranges::all_of(etag.substr(1, etag.size() - 2), [](char each) {
      const auto code = static_cast<unsigned char>(each);
      return code == 0x21 || (code >= 0x23 && code != 0x7f);
    });
  return etag.size() >= 32 && etag.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

std::optional<content_range> parse_content_range(std::string_view value) {
  constexpr std::string_view unit = "bytes ";
  if (value.size() < unit.size() || !same_word(value.substr(0, unit.size()), unit))
    return std::nullopt;
  value.remove_prefix(unit.size());
  const auto slash = value.find('/');
  if (slash == std::string_view::npos)
    return std::nullopt;
  const auto total = decimal(value.substr(slash + 1));
  if (!total)
    return std::nullopt;
  content_range out;
  out.total = *total;
  const auto range = value.substr(0, slash);
  if (range == "*") {
    out.satisfied = false;
    return out;
  }
  const auto dash = range.find('-');
  if (dash == std::string_view::npos)
    return std::nullopt;
  const auto first = decimal(range.substr(0, dash));
  const auto last = decimal(range.substr(dash + 1));
  if (!first || !last || *first > *last || *last >= *total)
    return std::nullopt;
  out.first = *first;
  out.last = *last;
  return out;
}

}  // namespace sluice::http
