// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "schemas/configuration.hpp"

namespace sluice::http {

/// Every bound a fetch is held to. What the operator sets comes from `[imports]`; the rest are constants, named here so
/// that tests can shorten them.
struct fetch_limits {
  std::chrono::milliseconds resolve{std::chrono::seconds{10}};
  std::chrono::milliseconds connect_one{std::chrono::seconds{5}};   ///< one address
  std::chrono::milliseconds connect_all{std::chrono::seconds{10}};  ///< all addresses of the host together
  std::chrono::milliseconds handshake{std::chrono::seconds{10}};
  std::chrono::milliseconds first_answer{
      std::chrono::seconds{60}};                                    ///< sending the request, and the whole header block
  std::chrono::milliseconds idle{std::chrono::seconds{60}};         ///< without one byte of the body
  std::chrono::milliseconds rate_window{std::chrono::seconds{30}};  ///< of waiting, over which the rate is judged
  schemas::bytes_per_second minimum_rate = 1024;                    ///< 0 = none
  std::size_t addresses = 16;                                       ///< of one host that are tried
  std::size_t redirects = 5;
  std::size_t interim_answers = 5;                   ///< 1xx before the answer
  std::size_t header_bytes = std::size_t{64} << 10;  ///< status line and header fields of one answer
  int receive_buffer = 256 << 10;                    ///< SO_RCVBUF, bytes: bounds what arrives after reading stops
  std::chrono::seconds retry_after{std::chrono::hours{1}};  ///< the longest Retry-After that is honoured

  fetch_limits() = default;
  explicit fetch_limits(const schemas::imports_configuration& imports)
      : first_answer{imports.stall_timeout}, idle{imports.stall_timeout}, minimum_rate{imports.minimum_rate} {}
};

}  // namespace sluice::http
