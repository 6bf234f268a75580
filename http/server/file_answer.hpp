// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "actors/bandwidth/serving_pressure.hpp"
#include "http/server/connection.hpp"
#include "http/server/event_loop.hpp"
#include "http/server/limits.hpp"
#include "http/server/loop_watch.hpp"
#include "http/server/message.hpp"
#include "http/server/read_pool.hpp"

namespace sluice::http {

/// What a file on its way out works with.
struct file_sending {
  connection& peer;
  read_pool& pool;
  deadline& limit;
  const server_limits& limits;
  actors::in_hand_guard& in_hand;
  answer_watch& watched;
};

/// Sends an answer's head and the part of a file. Plain connections: the kernel moves the bytes from the page
/// cache to the socket (sendfile), nothing is copied through user space; TLS: blocks are read and written. Either way a
/// slow reader costs one waiting coroutine, a missing page waits on the read pool and not on the loop, and a fast
/// reader lets the others on its loop have their turn. A long transfer is in hand only while it is short; then it is
/// watched for starving instead. True when every byte left; false when the reader went away, or took nothing for the
/// stall deadline.
[[nodiscard]] boost::asio::awaitable<bool> send_file(const file_sending& by, std::string_view head,
                                                     const file_part& part);

}  // namespace sluice::http
