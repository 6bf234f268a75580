// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "schemas/failure.hpp"

namespace sluice::http {

/// The chunked transfer coding (RFC 9112 section 7.1), taken off in place: what is received into a block leaves as the
/// payload at the front of the same block, with no second buffer. Guarantee: no byte of framing ever reaches the
/// payload, and `complete` is true only after the last chunk and the empty line behind it.
///
/// Stricter than the RFC where leniency has been used for smuggling: line ends are CR LF, a size is 1 to 16 hexadecimal
/// digits with nothing before it, extensions and trailers are skipped but bounded in total.
class chunked_decoder {
 public:
  static constexpr std::size_t most_framing = 16 << 10;  ///< bytes of extensions of one chunk, or of all trailers

  /// Takes all of `received` and leaves the payload at its front; returns the payload's length. What follows the end of
  /// the body is ignored. Errors: `source_protocol`, after which the decoder must not be used again.
  [[nodiscard]] schemas::result<std::size_t> decode(std::span<std::byte> received);
  [[nodiscard]] bool complete() const noexcept { return where_ == place::end; }

 private:
  enum class place : std::uint8_t {
    size,
    extension,
    size_line_feed,
    payload,
    payload_carriage_return,
    payload_line_feed,
    trailer_start,
    trailer,
    trailer_line_feed,
    last_line_feed,
    end,
  };

  [[nodiscard]] bool take(unsigned char each) noexcept;

  place where_ = place::size;
  std::uint64_t left_ = 0;   ///< of the chunk
  unsigned digits_ = 0;      ///< of the size
  std::size_t framing_ = 0;  ///< bytes skipped since the last payload
};

}  // namespace sluice::http
