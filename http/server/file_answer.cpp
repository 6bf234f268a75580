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

/// Counts the request in hand again, unless it has become a long transfer.
void take_in_hand(const file_sending& by) {
  if (!by.watched.is_long())
    by.in_hand.take();
}

void count(const file_sending& by, std::uint64_t bytes) {
  by.watched.sent(bytes);
  if (by.watched.is_long())
    by.in_hand.release();
  by.limit.arm(by.limits.stall_deadline);
}

/// Waits until the socket takes bytes; false when it failed or the deadline passed.
asio::awaitable<bool> writable(const file_sending& by) {
  by.in_hand.release();
  boost::system::error_code error;
  co_await by.peer.socket().async_wait(asio::socket_base::wait_write, asio::redirect_error(asio::use_awaitable, error));
  take_in_hand(by);
  co_return !error && !by.limit.expired();
}

/// Brings a window into the page cache without holding up the loop.
asio::awaitable<void> fetch(const file_sending& by, int file, std::uint64_t position, std::uint64_t length) {
  by.in_hand.release();
  co_await by.pool.fetch(file, position, length);
  take_in_hand(by);
}

/// The head waits in the kernel for the first bytes of the body, and leaves with them in one segment.
asio::awaitable<bool> send_head(const file_sending& by, std::string_view head) {
  while (!head.empty()) {
    const auto sent = ::send(by.peer.socket().native_handle(), head.data(), head.size(), MSG_MORE | MSG_NOSIGNAL);
    if (sent > 0) {
      head.remove_prefix(static_cast<std::size_t>(sent));
    } else if (sent < 0 && errno == EAGAIN) {
      const bool goes_on = co_await writable(by);
      if (!goes_on)
        co_return false;
    } else if (sent == 0 || errno != EINTR) {
      co_return false;
    }
  }
  co_return true;
}

asio::awaitable<bool> send_plain(const file_sending& by, std::string_view head, const file_part& part) {
  const bool head_sent = co_await send_head(by, head);
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
        co_await fetch(by, part.fd.get(), position, wanted);
      }
    }
    auto offset = static_cast<off_t>(position);
    const auto wanted = std::min(checked_until - position, window_bytes);
    const auto sent = ::sendfile(by.peer.socket().native_handle(), part.fd.get(), &offset, wanted);
    if (sent > 0) {
      position += static_cast<std::uint64_t>(sent);
      turn += static_cast<std::uint64_t>(sent);
      count(by, static_cast<std::uint64_t>(sent));
      if (turn >= turn_bytes && position < end) {
        turn = 0;
        co_await asio::post(asio::use_awaitable);
        if (by.limit.expired())
          co_return false;
      }
    } else if (sent < 0 && errno == EAGAIN) {
      turn = 0;
      const bool goes_on = co_await writable(by);
      if (!goes_on)
        co_return false;
    } else if (sent == 0 || errno != EINTR) {
      co_return false;  // the reader went away, or the file is shorter than it was
    }
  }
  co_return true;
}

asio::awaitable<bool> send_encrypted(const file_sending& by, std::string_view head, const file_part& part) {
  const auto head_error = co_await by.peer.write(head, std::string_view());
  if (head_error)
    co_return false;
  const auto block = std::make_unique_for_overwrite<char[]>(tls_block_bytes);
  const auto end = part.offset + part.length;
  for (auto position = part.offset; position < end;) {
    const auto wanted = std::min(tls_block_bytes, end - position);
    if (!is_cached(part.fd.get(), position, wanted))
      co_await fetch(by, part.fd.get(), position, std::min(fetch_bytes, end - position));
    const auto got = ::pread(part.fd.get(), block.get(), wanted, static_cast<off_t>(position));
    if (got <= 0)
      co_return false;
    const std::string_view bytes{block.get(), static_cast<std::size_t>(got)};
    by.in_hand.release();
    const auto error = co_await by.peer.write(bytes, std::string_view());
    take_in_hand(by);
    if (error || by.limit.expired())
      co_return false;
    count(by, static_cast<std::uint64_t>(got));
    position += static_cast<std::uint64_t>(got);
  }
  co_return true;
}

}  // namespace

asio::awaitable<bool> send_file(const file_sending& by, std::string_view head, const file_part& part) {
  by.limit.arm(by.limits.stall_deadline);
  return by.peer.plain() ? send_plain(by, head, part) : send_encrypted(by, head, part);
}

}  // namespace sluice::http
