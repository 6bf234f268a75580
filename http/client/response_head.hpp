// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "schemas/failure.hpp"

namespace sluice::http {

/// How the end of a body is known (RFC 9112 section 6.3).
enum class body_framing : std::uint8_t {
  until_close,     ///< neither length nor chunks: a cut connection looks like the end
  content_length,  ///< `response_head::length` bytes
  chunked,
};

/// `Content-Range: bytes first-last/total` (RFC 9110 section 14.4), or `bytes */total` when `satisfied` is false.
struct content_range {
  bool satisfied = true;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t total = 0;

  friend bool operator==(const content_range&, const content_range&) = default;
};

/// What a fetch needs of an answer's header block. Nothing of it but the status is ever shown to anyone.
struct response_head {
  unsigned status = 0;
  body_framing framing = body_framing::until_close;
  std::uint64_t length = 0;  ///< of the body, when framing is content_length
  bool encoded = false;      ///< a Content-Encoding other than identity
  std::string validator;     ///< strong ETag as sent, empty when there is none
  std::string location;      ///< empty when there is none
  std::string retry_after;
  std::string subject_token;  ///< X-Subject-Token of Keystone; each of these three is empty when absent or no token
  std::string auth_token;     ///< X-Auth-Token of Swift's own sign-in
  std::string storage_url;    ///< X-Storage-Url of the same, not judged yet
  std::optional<content_range> range;

  [[nodiscard]] bool interim() const noexcept { return status >= 100 && status < 200 && status != 101; }
  [[nodiscard]] bool redirect() const noexcept {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  }
};

/// Reads one header block, from the status line to the empty line. Beast parses it; what Beast lets through although
/// two readers could understand it differently is refused here: folded lines, bare line feeds, repeated or listed
/// lengths, a length together with a transfer coding, codings other than `chunked`, repeated Location, ETag or
/// Content-Range. Errors: `source_protocol`. The message holds nothing of `block`.
[[nodiscard]] schemas::result<response_head> parse_response_head(std::string_view block);

/// True when what came so far can still become an answer over HTTP/1: finds banners of other protocols and line ends of
/// other kinds before a deadline does.
[[nodiscard]] bool may_become_response_head(std::string_view so_far) noexcept;

/// A strong entity tag (RFC 9110 section 8.8.3) of at most 256 characters; also the bare hexadecimal digest that Swift
/// sends without quotes. Safe to put into a request.
[[nodiscard]] bool is_strong_validator(std::string_view etag) noexcept;

/// 1 to 8192 visible ASCII characters: what may stand in X-Auth-Token.
[[nodiscard]] bool is_token(std::string_view text) noexcept;

/// Empty when `value` is not one range of bytes with a known total, or contradicts itself.
[[nodiscard]] std::optional<content_range> parse_content_range(std::string_view value);

}  // namespace sluice::http
