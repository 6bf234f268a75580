// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include <tl/expected.hpp>

#include "http/server/limits.hpp"

/// Two parsers that read one request differently are how requests are smuggled, so the head of a request is judged
/// here by RFC 9112 to the letter before the HTTP library sees it: whatever could be read in two ways is refused,
/// and the connection closed. Pure functions over bytes.
namespace sluice::http {

/// Why a request cannot be answered as a request; the connection is closed after it.
struct refusal {
  unsigned status = 400;
  std::string_view detail;  ///< always a text of the service itself, never one of the request

  constexpr refusal(unsigned code, std::string_view words) noexcept : status{code}, detail{words} {}
};

/// What the head says of itself. The views point into the checked bytes.
struct request_head {
  std::string_view method;
  std::string_view target;
  bool version_1_1 = true;
  bool has_body = false;  ///< Content-Length above 0, or chunked
  bool expects_continue = false;
};

/// Where the head ends: the offset after its empty line. Looks at `bytes` from `from` on (what earlier calls have
/// seen, less three bytes). Refuses a line feed without carriage return, and a head over its limit, at once.
[[nodiscard]] tl::expected<std::optional<std::size_t>, refusal> find_head_end(std::string_view bytes, std::size_t from,
                                                                              const server_limits& limits);

/// Judges a complete head, its empty line included.
[[nodiscard]] tl::expected<request_head, refusal> check_head(std::string_view head, const server_limits& limits);

/// `name`, `name:port`, `1.2.3.4:port`, `[v6]:port`: what may stand in Host and become part of an absolute URL.
[[nodiscard]] bool is_authority(std::string_view text) noexcept;

}  // namespace sluice::http
