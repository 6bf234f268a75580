// SPDX-License-Identifier: Apache-2.0
// Alone in its file: <linux/tcp.h> has the newer fields and cannot stand beside <netinet/tcp.h>, which Asio brings.
#include "http/server/tcp_state.hpp"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>

namespace sluice::http {

bool look_at(int socket, tcp_state& into) noexcept {
  tcp_info info{};
  socklen_t length = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &length) != 0 ||
      length < offsetof(tcp_info, tcpi_busy_time) + sizeof info.tcpi_busy_time)
    return false;
  into.busy_microseconds = info.tcpi_busy_time;
  into.round_trip_microseconds = info.tcpi_rtt;
  into.smallest_round_trip_microseconds = info.tcpi_min_rtt == ~0U ? 0 : info.tcpi_min_rtt;
  into.segment_bytes = info.tcpi_snd_mss;
  return true;
}

}  // namespace sluice::http
