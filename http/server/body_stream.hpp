// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <boost/asio/awaitable.hpp>
#include <tl/expected.hpp>

#include "http/server/head_check.hpp"

namespace sluice::http {

/// The body of a request that its handler reads while it answers: as much as the handler wants, when it wants it. What
/// is not read stays in the socket, so that the client feels it; a client that expects 100-continue is told so at the
/// first read. A body that is not read to its end closes the connection after the answer. Used on the request's own
/// loop.
class body_stream {
 public:
  virtual ~body_stream() = default;
  /// Bytes of the whole; nothing for a chunked body.
  [[nodiscard]] virtual std::optional<std::uint64_t> length() const noexcept = 0;
  /// At least one byte; 0 at the end that the framing proves. Refusals: 408 when nothing came for `patience`, 400 for
  /// broken framing or a client that went away, 503 when the service stops; none can be read on after.
  [[nodiscard]] virtual boost::asio::awaitable<tl::expected<std::size_t, refusal>> read_some(
      std::span<std::byte> into, std::chrono::milliseconds patience) = 0;
  /// Ends a read that waits, as if its patience were over.
  virtual void interrupt() = 0;
};

}  // namespace sluice::http
