// SPDX-License-Identifier: Apache-2.0
#include "http/server/read_pool.hpp"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace sluice::http {
namespace {

/// One byte of every step is waited for, so that the whole window is there and not only its ends.
constexpr std::uint64_t touch_step = 128 << 10;

bool byte_is_cached(int fd, std::uint64_t offset) noexcept {
  char byte = 0;
  iovec into{&byte, 1};
  return ::preadv2(fd, &into, 1, static_cast<off_t>(offset), RWF_NOWAIT) >= 0 || errno != EAGAIN;
}

void read_window(int fd, std::uint64_t offset, std::uint64_t length) noexcept {
  ::readahead(fd, static_cast<off64_t>(offset), length);
  ::readahead(fd, static_cast<off64_t>(offset + length), length);
  char byte = 0;
  for (std::uint64_t i = 0; i < length; i += touch_step)
    if (::pread(fd, &byte, 1, static_cast<off_t>(offset + i)) < 0)
      return;  // sendfile meets the same error and ends the answer
  [[maybe_unused]] const auto last = ::pread(fd, &byte, 1, static_cast<off_t>(offset + length - 1));
}

}  // namespace

bool is_cached(int fd, std::uint64_t offset, std::uint64_t length) noexcept {
  return length == 0 || (byte_is_cached(fd, offset) && byte_is_cached(fd, offset + length - 1));
}

boost::asio::awaitable<void> read_pool::fetch(int fd, std::uint64_t offset, std::uint64_t length) {
  auto start = [this, fd, offset, length](auto handler) {
    boost::asio::post(threads_, [this, fd, offset, length, handler = std::move(handler)]() mutable {
      const auto began = std::chrono::steady_clock::now();
      read_window(fd, offset, length);
      const auto took = std::chrono::nanoseconds{std::chrono::steady_clock::now() - began}.count();
      signals_.disk.add(static_cast<std::uint64_t>(took) * (1 << 20) / std::max<std::uint64_t>(length, 64 << 10));
      const auto executor = boost::asio::get_associated_executor(handler);
      boost::asio::post(executor, [handler = std::move(handler)]() mutable { std::move(handler)(); });
    });
  };
  auto pending = boost::asio::async_initiate<decltype(boost::asio::use_awaitable), void()>(std::move(start),
                                                                                           boost::asio::use_awaitable);
  co_await std::move(pending);
}

}  // namespace sluice::http
