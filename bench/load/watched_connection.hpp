// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "bench/load/connection.hpp"
#include "bench/load/waiting.hpp"

namespace sluice::bench {

/// A connection and what is waited for on its descriptor: epoll is told only what changes. `index` comes back with its
/// events.
class watched_connection {
 public:
  watched_connection(waiting& where, std::uint32_t index, const server_address& server, bool copy)
      : link{server, copy}, waiting_{where}, index_{index} {}

  /// Begins to send `request`, on a new descriptor when it has to; the owner advances the link next.
  void begin(std::string request) {
    if (!link.begin(std::move(request)))
      return;
    watched_ = EPOLLIN | EPOLLOUT;
    waiting_.watch(link.descriptor(), index_, watched_, true);
  }
  /// From now on wait for `events`, and for room to write where the link has something to.
  void want(std::uint32_t events) {
    if (link.descriptor() < 0)
      return;
    if (link.wants_write())
      events |= EPOLLOUT;
    if (events != watched_)
      waiting_.watch(link.descriptor(), index_, watched_ = events, false);
  }

  connection link;

 private:
  waiting& waiting_;
  std::uint32_t index_;
  std::uint32_t watched_ = 0;
};

}  // namespace sluice::bench
