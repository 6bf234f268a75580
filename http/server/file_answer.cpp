// SPDX-License-Identifier: Apache-2.0
#include "http/server/file_answer.hpp"

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace sluice::http {
namespace {

namespace asio = boost::asio;

constexpr std::uint64_t window_bytes = 1 << 20;       ///< asked of the page cache, and of sendfile, at once
constexpr std::uint64_t turn_bytes = 4 << 20;         ///< then the loop's other sessions have their turn
constexpr std::uint64_t fetch_bytes = 2 << 20;        ///< read from the disk at once
constexpr std::uint64_t tls_block_bytes = 256 << 10;  ///< read and encrypted at once

/// Waits until the socket takes bytes; false when it failed or the deadline passed.
asio::awaitable<bool> writable(connection& peer, const deadline& limit, actors::in_hand_guard& in_hand) {
  in_hand.release();
  boost::system::error_code error;
  co_await peer.socket().async_wait(asio::socket_base::wait_write, asio::redirect_error(asio::use_awaitable, error));
  in_hand.take();
  co_return !error && !limit.expired();
}

/// The head waits in the kernel for the first bytes of the body, and leaves with them in one segment.
asio::awaitable<bool> send_head(connection& peer, std::string_view head, const deadline& limit,
                                actors::in_hand_guard& in_hand) {
  while (!head.empty()) {
    const auto sent = ::send(peer.socket().native_handle(), head.data(), head.size(), MSG_MORE | MSG_NOSIGNAL);
    if (sent > 0) {
      head.remove_prefix(static_cast<std::size_t>(sent));
    } else if (sent < 0 && errno == EAGAIN) {
      const bool goes_on = co_await writable(peer, limit, in_hand);
      if (!goes_on)
        co_return false;
    } else if (sent == 0 || errno != EINTR) {
      co_return false;
    }
  }
  co_return true;
}

asio::awaitable<bool> send_plain(connection& peer, std::string_view head, const file_part& part, read_pool& pool,
                                 deadline& limit, const server_limits& limits, actors::in_hand_guard& in_hand) {
  const bool head_sent = co_await send_head(peer, head, limit, in_hand);
  if (!head_sent)
    co_return false;
  const auto end = part.offset + part.length;
  auto checked_until = part.offset;  // the page cache holds everything before
  std::uint64_t turn = 0;
  for (auto position = part.offset; position < end;) {
    if (position >= checked_until) {
      const auto window = std::min(window_bytes, end - position);
      checked_until = position + window;
      if (!is_cached(part.fd.get(), position, window)) {
        const auto wanted = std::min(fetch_bytes, end - position);
        checked_until = position + wanted;
        in_hand.release();
        co_await pool.fetch(part.fd.get(), position, wanted);
        in_hand.take();
      }
    }
    auto offset = static_cast<off_t>(position);
    const auto wanted = std::min(checked_until - position, window_bytes);
    const auto sent = ::sendfile(peer.socket().native_handle(), part.fd.get(), &offset, wanted);
    if (sent > 0) {
      position += static_cast<std::uint64_t>(sent);
      turn += static_cast<std::uint64_t>(sent);
      limit.arm(limits.stall_deadline);
      if (turn >= turn_bytes && position < end) {
        turn = 0;
        co_await asio::post(asio::use_awaitable);
        if (limit.expired())
          co_return false;
      }
    } else if (sent < 0 && errno == EAGAIN) {
      turn = 0;
      const bool goes_on = co_await writable(peer, limit, in_hand);
      if (!goes_on)
        co_return false;
    } else if (sent == 0 || errno != EINTR) {
      co_return false;  // the reader went away, or the file is shorter than it was
    }
  }
  co_return true;
}

asio::awaitable<bool> send_encrypted(connection& peer, std::string_view head, const file_part& part, read_pool& pool,
                                     deadline& limit, const server_limits& limits, actors::in_hand_guard& in_hand) {
  const auto head_error = co_await peer.write(head, std::string_view());
  if (head_error)
    co_return false;
  const auto block = std::make_unique_for_overwrite<char[]>(tls_block_bytes);
  const auto end = part.offset + part.length;
  for (auto position = part.offset; position < end;) {
    const auto wanted = std::min(tls_block_bytes, end - position);
    if (!is_cached(part.fd.get(), position, wanted))
      co_await pool.fetch(part.fd.get(), position, std::min(fetch_bytes, end - position));
    const auto got = ::pread(part.fd.get(), block.get(), wanted, static_cast<off_t>(position));
    if (got <= 0)
      co_return false;
    const std::string_view bytes{block.get(), static_cast<std::size_t>(got)};
    in_hand.release();
    const auto error = co_await peer.write(bytes, std::string_view());
    in_hand.take();
    if (error || limit.expired())
      co_return false;
    limit.arm(limits.stall_deadline);
    position += static_cast<std::uint64_t>(got);
  }
  co_return true;
}

}  // namespace

asio::awaitable<bool> send_file(connection& peer, std::string_view head, const file_part& part, read_pool& pool,
                                deadline& limit, const server_limits& limits, actors::in_hand_guard& in_hand) {
  limit.arm(limits.stall_deadline);
  return peer.plain() ? send_plain(peer, head, part, pool, limit, limits, in_hand)
                      : send_encrypted(peer, head, part, pool, limit, limits, in_hand);
}

}  // namespace sluice::http
