// SPDX-License-Identifier: Apache-2.0
// Alone in its file: <linux/tcp.h> has the newer fields and cannot stand beside <netinet/tcp.h>, which Asio brings.
#include "http/server/tcp_state.hpp"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>

namespace sluice::http {
namespace {

bool name_peer(int socket, peer_address& into) noexcept {
  sockaddr_storage named{};
  socklen_t length = sizeof named;
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&named), &length) != 0)
    return false;
  if (named.ss_family == AF_INET6) {
    const auto& address = reinterpret_cast<const sockaddr_in6&>(named).sin6_addr;
    std::copy(std::begin(address.s6_addr), std::end(address.s6_addr), into.begin());
    return true;
  }
  if (named.ss_family != AF_INET)
    return false;
  const auto address = ntohl(reinterpret_cast<const sockaddr_in&>(named).sin_addr.s_addr);
  into = {};
  into[10] = into[11] = 0xff;
  for (std::size_t i = 0; i < 4; ++i)
    into[12 + i] = static_cast<std::uint8_t>(address >> (8 * (3 - i)));
  return true;
}

}  // namespace

bool look_at(int socket, tcp_state& into) noexcept {
  tcp_info info{};
  socklen_t length = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &length) != 0 ||
      length < offsetof(tcp_info, tcpi_delivered) + sizeof info.tcpi_delivered)
    return false;
  into.busy_microseconds = info.tcpi_busy_time;
  into.round_trip_microseconds = info.tcpi_rtt;
  into.smallest_round_trip_microseconds = info.tcpi_min_rtt == ~0U ? 0 : info.tcpi_min_rtt;
  into.segment_bytes = info.tcpi_snd_mss;
  into.segments_delivered = info.tcpi_delivered;
  into.all_acknowledged = info.tcpi_unacked == 0 && info.tcpi_notsent_bytes == 0;
  return name_peer(socket, into.peer);
}

}  // namespace sluice::http
