// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace sluice::http {

/// Every bound and every deadline of a server in one place, so that a test can make them small and an operator's
/// question "how long, how many, how big" has one answer. The defaults are what the service runs with.
struct server_limits {
  std::size_t header_bytes = 16 << 10;  ///< request line and fields; more is answered 431
  std::size_t header_count = 100;       ///< fields; more is answered 431
  std::size_t target_bytes = 8 << 10;   ///< request target; more is answered 414
  std::size_t body_bytes = 64 << 10;    ///< decoded body; more is answered 413
  std::size_t body_wire_bytes =
      512 << 10;                     ///< a body with its chunk framing: stops one-byte chunks with long extensions
  std::size_t connections = 4096;    ///< more are answered 503 and closed
  std::size_t event_streams = 1024;  ///< more are answered 503
  std::chrono::milliseconds header_deadline{std::chrono::seconds{10}};  ///< first to last byte of the head (slowloris)
  std::chrono::milliseconds body_deadline{std::chrono::seconds{30}};    ///< the whole body
  std::chrono::milliseconds idle_deadline{std::chrono::seconds{75}};    ///< between requests of one connection
  std::chrono::milliseconds write_deadline{std::chrono::seconds{60}};   ///< an answer held in memory
  /// A file answer of which not one more byte left for this long is dropped. Long, because Nova stops reading for as
  /// long as its own disk or its signature check needs.
  std::chrono::milliseconds stall_deadline{std::chrono::minutes{10}};
  std::chrono::milliseconds linger{std::chrono::seconds{2}};  ///< reading on after a refusal, so that it arrives
  std::size_t linger_bytes = 1 << 20;                         ///< read so, and thrown away, at most
  std::size_t upload_linger_bytes = 64 << 20;                 ///< the same after an upload that was not read to its end
  std::chrono::milliseconds upload_wait{std::chrono::seconds{60}};   ///< for a slot, before the first byte of an upload
  std::chrono::milliseconds longest_wait{std::chrono::seconds{60}};  ///< cap of `Prefer: wait=N`
  std::chrono::milliseconds progress_interval{500};                  ///< between two progress events of a stream
  std::chrono::milliseconds keep_alive_interval{std::chrono::seconds{15}};  ///< silence before a comment in a stream
  std::chrono::milliseconds create_deadline{std::chrono::seconds{30}};   ///< for the actors to answer a POST or DELETE
  std::chrono::milliseconds position_deadline{std::chrono::seconds{2}};  ///< for the place in the queue
};

}  // namespace sluice::http
