// SPDX-License-Identifier: Apache-2.0
#include "http/server/round_trip_bases.hpp"

#include <algorithm>

namespace sluice::http {

std::uint32_t round_trip_bases::smallest_of(const peer_address& peer, std::uint32_t smallest, clock::time_point now) {
  auto found = bases_.find(peer);
  if (found == bases_.end()) {
    make_room();
    found = bases_.emplace(peer, base{.since = now}).first;
  }
  auto& known = found->second;
  if (now - known.since >= period) {
    known.previous = now - known.since < 2 * period ? known.current : unknown;
    known.current = unknown;
    known.since = now;
  }
  known.heard = now;
  known.current = std::min(known.current, smallest);
  return std::min(known.current, known.previous);
}

void round_trip_bases::make_room() {
  if (bases_.size() < most_peers)
    return;
  bases_.erase(std::min_element(bases_.begin(), bases_.end(), [](const auto& one, const auto& other) {
    return one.second.heard < other.second.heard;
  }));
}

}  // namespace sluice::http
