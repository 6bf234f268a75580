// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "actors/ports.hpp"
#include "http/client/chunked_decoder.hpp"
#include "http/client/exchange.hpp"
#include "http/client/fetch_limits.hpp"
#include "http/client/rate_floor.hpp"
#include "http/client/source_connection.hpp"

namespace sluice::http {

/// The body of one answer. Guarantee: it ends with 0 only when its framing proves that nothing is missing; whatever
/// else ends it is a failure. Every byte is received into the caller's block; only what arrived together with the head
/// is copied there.
class body_reader {
 public:
  /// `from` must be framed by a length or by chunks.
  body_reader(std::shared_ptr<source_connection> over, answer from, const fetch_limits& limits);

  /// `into` must not be empty. Errors: `source_truncated`, `source_stalled` (nothing for the idle time, or less than
  /// the minimum rate), both transient; `source_protocol`.
  [[nodiscard]] boost::asio::awaitable<actors::source_result<std::size_t>> read_some(std::span<std::byte> into);
  [[nodiscard]] bool complete() const noexcept;

 private:
  [[nodiscard]] std::size_t take_start(std::span<std::byte> into) noexcept;
  [[nodiscard]] boost::asio::awaitable<actors::source_result<std::size_t>> receive(std::span<std::byte> into);

  std::shared_ptr<source_connection> over_;
  body_framing framing_;
  std::uint64_t length_;  ///< of the body, when framing is content_length
  std::string start_;
  std::size_t start_taken_ = 0;
  std::uint64_t delivered_ = 0;
  chunked_decoder chunks_;
  rate_floor floor_;
  fetch_limits limits_;
};

}  // namespace sluice::http
