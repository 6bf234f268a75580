// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>

namespace sluice::http {

/// An IPv6 address, or an IPv4 address mapped into one (RFC 4291, 2.5.5.2).
using peer_address = std::array<std::uint8_t, 16>;

/// The smallest round trip to each peer lately. What a connection has seen itself is no base to compare with: one that
/// was opened into a full queue has never seen the way empty. Held for five to ten minutes (the base history of RFC
/// 6817, coarser), for so many peers; the one not heard of for longest makes room.
class round_trip_bases {
 public:
  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::minutes period{5};
  static constexpr std::size_t most_peers = 256;

  /// `smallest` of one connection to the peer, microseconds; returns the smallest of all of them.
  std::uint32_t smallest_of(const peer_address& peer, std::uint32_t smallest, clock::time_point now);
  [[nodiscard]] std::size_t peers() const noexcept { return bases_.size(); }

 private:
  static constexpr std::uint32_t unknown = ~std::uint32_t{0};
  struct base {
    std::uint32_t current = unknown, previous = unknown;
    clock::time_point since{}, heard{};
  };
  void make_room();

  std::map<peer_address, base> bases_;
};

}  // namespace sluice::http
