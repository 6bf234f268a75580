// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "actors/ports.hpp"
#include "http/client/fetch_limits.hpp"
#include "http/client/response_head.hpp"
#include "http/client/source_connection.hpp"
#include "schemas/location.hpp"

/// One request and the head of its answer, over one connection.
namespace sluice::http {

/// "The rest from `offset` on, if it is still what `validator` names."
struct resumption {
  std::uint64_t offset = 0;
  std::string validator;
};

/// The whole request: GET, and nothing that identifies this service's user or environment, but `token` when the
/// location came with one (Swift's X-Auth-Token). A resumption asks twice for the same content, by If-Range and by
/// If-Match: a server that ignores the first (Swift does) honours the second.
[[nodiscard]] std::string request_text(const schemas::location& to, const std::optional<resumption>& resume,
                                       const std::string& token = {});

struct answer {
  response_head head;
  std::string body_start;  ///< what arrived of the body together with the head
};

/// Sends `request` and reads one final answer's head; interim answers are skipped. Errors: `source_truncated` (closed
/// without an answer) and `source_stalled`, both transient; `source_protocol`.
[[nodiscard]] boost::asio::awaitable<actors::source_result<answer>> ask(std::shared_ptr<source_connection> over,
                                                                        std::string request, fetch_limits limits);

}  // namespace sluice::http
